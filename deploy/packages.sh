#!/bin/sh
# Builds the Debian packages of this checkout into FOLDER (build/packages).
#
# They fit the Debian release that they are built on; deploy/Dockerfile builds
# them for another one. On Debian 12 the libraft0 that psephos-shard needs comes
# with them: it is in backports, and a host may have none.
set -eu
cd "$(dirname "$0")/.."
folder=${1:-build/packages}
mkdir -p "$folder"
folder=$(cd "$folder" && pwd)
version=$(sed -n 's/^project(psephos VERSION \([0-9.]*\).*/\1/p' CMakeLists.txt)
version=$version$(sed -n 's/^set(PSP_VERSION_SUFFIX "\(.*\)")$/\1/p' CMakeLists.txt | tr - '~')
# shellcheck source=/dev/null
release=$(. /etc/os-release && echo "1~deb$VERSION_ID")

for tool in dpkg-shlibdeps file; do
    command -v $tool >/dev/null || {
        echo "packages.sh: needs dpkg-dev and file: apt-get install dpkg-dev file" >&2
        exit 2
    }
done
./run build --yes
{
    echo "psephos ($version-$release) unstable; urgency=medium"
    echo
    echo "  * See CHANGELOG.md of the source."
    echo
    date=$(date -R -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}")
    echo " -- The Psephos authors <psephos@localhost>  $date"
} | gzip -9n >build/changelog.Debian.gz
cmake -S . -B build -DPSP_PACKAGES=ON -DCMAKE_INSTALL_PREFIX=/usr \
    -DCMAKE_INSTALL_LIBDIR="lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH)" \
    -DCPACK_DEBIAN_PACKAGE_RELEASE="$release" >build/packages.log
cmake --build build -j "$(nproc)" -- --quiet
(cd build && cpack -B "$folder" >>packages.log) || {
    cat build/packages.log >&2
    exit 1
}
rm -rf "$folder/_CPack_Packages"
case $release in
*~deb12)
    rm -f "$folder"/libraft0_*.deb
    log=$PWD/build/packages.log
    # An image's lists are removed when its packages are there.
    (cd "$folder" && { apt-get -qq download libraft0 ||
        { apt-get -qq update && apt-get -qq download libraft0; }; }) 2>>"$log" || {
        tail -n 3 "$log" >&2
        echo "packages.sh: apt could not fetch libraft0, which psephos-shard needs on Debian 12" >&2
        exit 1
    }
    ;;
esac
cmake -S . -B build -DPSP_PACKAGES=OFF >>build/packages.log
ls -1 "$folder"/*.deb
