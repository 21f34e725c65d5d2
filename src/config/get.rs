//! CONFIG GET.

use super::Config;
use super::table::ParamId;
use crate::util::glob;
use ahash::AHashSet;

impl Config {
    /// Name and text of every parameter that one of the patterns names, each name once, in the order of the patterns.
    ///
    /// A pattern without `*`, `?` and `[` is a name and is given back as it was written; only such a one finds a hidden
    /// parameter. Aliases are names of their own, but for those that only spell the name with hyphens: Redis 7.0 knows them
    /// not. Letters match in either case.
    pub fn get(&self, patterns: &[&[u8]]) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut seen = AHashSet::new();
        let mut found = Vec::new();
        let mut add = |id: ParamId, name: &[u8]| {
            if seen.insert(name.to_ascii_lowercase()) {
                found.push((name.to_vec(), self.text(id)));
            }
        };
        for &pattern in patterns {
            if !pattern.iter().any(|byte| b"*?[".contains(byte)) {
                if let Some(id) = ParamId::find(pattern) {
                    add(id, pattern);
                }
                continue;
            }
            for id in ParamId::all().filter(|id| !id.param().hidden) {
                let alias = id.param().alias.filter(|alias| alias.replace('-', "_") != id.name());
                let names = [Some(id.name()), alias];
                for name in names.into_iter().flatten().map(str::as_bytes) {
                    if glob::matches(pattern, name, true) {
                        add(id, name);
                    }
                }
            }
        }
        found
    }
}
