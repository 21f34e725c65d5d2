//! GEOADD.

use super::read_point;
use crate::commands::prelude::*;
use crate::commands::sorted_set::{How, Pairs, set_scores};

pub(super) fn geoadd(cx: &mut Cx<'_>, args: &mut Args<'_>) -> Outcome {
    let key = args.key()?;
    let mut how = How::default();
    loop {
        if args.eat("NX") {
            how.only_new = true;
        } else if args.eat("XX") {
            how.only_existing = true;
        } else if args.eat("CH") {
            how.count_changed = true;
        } else {
            break;
        }
    }
    if !args.more() || !args.remaining().is_multiple_of(3) || (how.only_new && how.only_existing) {
        return Err(error::SYNTAX);
    }
    let mut pairs = Pairs::with_capacity(args.remaining() / 3);
    while args.more() {
        pairs.push((read_point(args)?.score(), args.take()?));
    }
    set_scores(cx, key, how, pairs)
}
