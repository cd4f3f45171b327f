#!/usr/bin/env bash
# The Debian packages: made from the built tree, unpacked into an empty root (by dpkg itself where we may), and used from there.
set -euo pipefail
build=$1 source=$2
for program in dpkg-deb dpkg-shlibdeps file; do
    if ! command -v $program > /dev/null; then
        echo "skipped: no $program (Debian: dpkg-dev, file)"
        exit 0
    fi
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cpack -G DEB --config "$build/CPackConfig.cmake" -B "$work/packages" > "$work/log" 2>&1 || { cat "$work/log"; exit 1; }
cd "$work/packages"
abi=$(sed -n 's/^#define TUMBLE_ABI //p' "$source/include/tumble.h")
packages=(libtumble-dev "libtumble$abi" tumble)
[[ $(ls ./*.deb | sed 's|./||; s/_.*//' | sort) == $(printf '%s\n' "${packages[@]}" | sort) ]] || { ls; exit 1; }

root=$work/root
mkdir -p "$root/var/lib/dpkg/info" "$root/var/lib/dpkg/updates"
touch "$root/var/lib/dpkg/status"
if [[ $(id -u) -eq 0 ]]; then
    # Unpacked and not configured: ldconfig would have nothing to run on in an empty root. Dependencies are looked at below.
    dpkg --root="$root" --force-depends --log="$work/dpkg.log" --unpack ./*.deb > "$work/log" 2>&1 ||
        { cat "$work/log"; exit 1; }
    for package in "${packages[@]}"; do
        [[ $(dpkg-query --admindir="$root/var/lib/dpkg" --show --showformat='${db:Status-Status}' "$package") == unpacked ]]
    done
else
    for package in ./*.deb; do dpkg-deb -x "$package" "$root"; done
fi

# Binaries name the packages that hold the libraries which they load; those are on this machine, as it built them.
for package in "libtumble$abi" tumble; do
    depends=$(dpkg-deb --field ./"${package}"_*.deb Depends)
    echo "$package: $depends"
    for needed in libc6 'libstdc\+\+6'; do
        grep -qE "(^|, )$needed( |,|\$)" <<< "$depends" || { echo "$package does not depend on $needed"; exit 1; }
    done
    [[ $(dpkg-deb --field ./"${package}"_*.deb Recommends) == *zlib1g* ]] || { echo "$package does not recommend zlib1g"; exit 1; }
    tr ',' '\n' <<< "$depends" | sed 's/([^)]*)//; s/|.*//; s/ //g' | xargs dpkg-query --show > /dev/null
done
grep -q "libtumble$abi (= " <<< "$(dpkg-deb --field ./libtumble-dev_*.deb Depends)"
[[ $(dpkg-deb --field ./tumble_*.deb Section) == science ]]
for package in "${packages[@]}"; do
    [[ -s $root/usr/share/doc/$package/copyright ]] || { echo "$package has no copyright"; exit 1; }
done

"$root/usr/bin/tumble" --version
"$root/usr/bin/tumble" info > /dev/null
library=$(dirname "$(find "$root/usr/lib" -name libtumble.so)")
for file in "$root/usr/bin/tumble" "$library/libtumble.so"; do
    if grep -q "\.debug_info" <<< "$(readelf --sections --wide "$file")"; then
        echo "$file: not stripped"
        exit 1
    fi
done
export PKG_CONFIG_PATH=$library/pkgconfig
# shellcheck disable=SC2046
cc -std=c99 "$source/examples/c/reconstruct.c" -o "$work/reconstruct" $(pkg-config --cflags --libs tumble)
export LD_LIBRARY_PATH=$library
grep -q "libtumble.so.$abi => $library/" <<< "$(ldd "$work/reconstruct")" || { ldd "$work/reconstruct"; exit 1; }
if "$work/reconstruct" "$work/absent.mrcs" 0.358 Pt "$work/map.mrc" 2> "$work/said"; then
    echo "expected a failure for a file that does not exist"
    exit 1
fi
grep -q "absent.mrcs" "$work/said" || { cat "$work/said"; exit 1; }
