#!/bin/sh
# What a release consists of, into FOLDER (build/release): the source as it is committed,
# Debian packages of it, an SBOM (SPDX 2.3) and SHA256SUMS of all of them.
#
# Made from a clean checkout in a folder of its own, so that nothing that lies about gets in.
set -eu
cd "$(dirname "$0")/.."
root=$(pwd)
folder=${1:-build/release}

die() {
    echo "release.sh: $*" >&2
    exit 2
}

git rev-parse --git-dir >/dev/null 2>&1 ||
    die "needs the git checkout: what is released is a commit"
if [ -n "$(git status --porcelain --untracked-files=no)" ]; then
    die "there are changes that are not committed: commit or put them aside, then call this again"
fi
if ! command -v dpkg-shlibdeps >/dev/null || ! command -v file >/dev/null; then
    die "needs dpkg-dev and file: apt-get install dpkg-dev file"
fi
if [ -e "$folder" ] && [ -n "$(ls -A "$folder" 2>/dev/null)" ]; then
    die "$folder has files already: name another folder, or remove it"
fi
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
version=$(sed -n 's/^project(psephos VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
version=$version$(sed -n 's/^set(PSP_VERSION_SUFFIX "\(.*\)")$/\1/p' CMakeLists.txt)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' INT TERM
echo "source: psephos-$version.tar.gz, commit $(git rev-parse --short HEAD)"
git archive --format=tar --prefix="psephos-$version/" HEAD |
    gzip -9n >"$folder/psephos-$version.tar.gz"
tar -C "$work" -xzf "$folder/psephos-$version.tar.gz"
echo "packages: builds them from that source, some minutes ..."
"$work/psephos-$version/deploy/packages.sh" "$folder" >"$work/packages.log" 2>&1 || {
    tail -n 30 "$work/packages.log" >&2
    exit 1
}
/usr/bin/python3 "$root/deploy/sbom.py" --version "$version" --source "$work/psephos-$version" \
    --programs "$work/psephos-$version/build/bin" --files "$folder" \
    >"$work/sbom.json"
mv "$work/sbom.json" "$folder/psephos-$version.spdx.json"
(cd "$folder" && sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" SHA256SUMS)
chmod 644 "$folder"/*
echo "in $folder:"
ls -1 "$folder"
