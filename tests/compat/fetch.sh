#!/usr/bin/env bash
# Fetches Debian's source package of Redis and unpacks it to a folder under target/, where the Tcl suite is run from.
#
# usage: fetch.sh DIR     prints nothing and leaves DIR/suite when all is well
#
# The mirror is the one this machine's apt is set to; the release is fixed, since the recorded floor belongs to one
# version of the suite. apt works on lists of its own below DIR: nothing of the machine's apt is changed, and no root
# is needed.
set -euo pipefail

version=7.0.15
release=bookworm

dir=${1:?usage: fetch.sh DIR}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)
[ -f "$dir/suite/.complete-$version" ] && exit 0

command -v apt-get > /dev/null || {
    echo "compat: apt-get is needed to fetch Debian's redis source package" >&2
    exit 1
}
mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(ORIGIN) $(LABEL)' 'Created-By: Packages' |
    awk '$2 == "main" && $1 ~ /debian\/?$/ { print $1; exit }')
[ -n "$mirror" ] || {
    echo "compat: apt on this machine has no Debian mirror (main) to take the redis source package from" >&2
    exit 1
}

rm -rf "$dir/apt" "$dir/download" "$dir/suite"
mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial" "$dir/download" "$dir/suite"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
signed=""
[ -f $keyring ] && signed="[signed-by=$keyring] "
echo "deb-src $signed$mirror $release main" > "$dir/apt/sources.list"
apt=(apt-get -q -oDir::Etc::sourcelist="$dir/apt/sources.list" -oDir::Etc::sourceparts=-
    -oDir::State::Lists="$dir/apt/lists" -oDir::Cache="$dir/apt/cache" -oAPT::Sandbox::User=)
log=$dir/fetch.log
if ! "${apt[@]}" update > "$log" 2>&1 ||
    ! (cd "$dir/download" && "${apt[@]}" source --download-only redis) >> "$log" 2>&1; then
    tail -n 15 "$log" >&2
    echo "compat: apt-get could not fetch the redis source package of $release" >&2
    exit 1
fi
orig=$(echo "$dir"/download/redis_*.orig.tar.*)
case $orig in
    */redis_"$version".orig.tar.*) ;;
    *) echo "compat: expected the source of redis $version, $release has ${orig##*/}" >&2 && exit 1 ;;
esac
tar xf "$orig" --strip-components=1 -C "$dir/suite"
rm -rf "$dir/apt" "$dir/download"
touch "$dir/suite/.complete-$version"
