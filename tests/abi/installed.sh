#!/usr/bin/env bash
# Installs to an empty prefix and builds against it, outside the source tree: shared and static, by find_package and by pkg-config,
# from C and from C++.
set -euo pipefail
build=$1 source=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/installed" > /dev/null
# Nothing may know where it was installed first.
mv "$work/installed" "$work/prefix"
diff <(cd "$source/include" && find . -type f | sort) <(cd "$work/prefix/include" && find . -type f | sort)
library=$(dirname "$(find "$work/prefix" -name libtumble.so)")
export PKG_CONFIG_PATH=$library/pkgconfig

# refuses PROGRAM: it runs, and tells of a file that does not exist.
refuses() {
    if "$1" "$work/absent.mrcs" 0.358 Pt "$work/map.mrc" 2> "$work/said"; then
        echo "$1: expected a failure for a file that does not exist"
        exit 1
    fi
    grep -q "absent.mrcs" "$work/said" || { cat "$work/said"; exit 1; }
}
# needs_library PROGRAM: whether the loader is to find libtumble.so for it.
needs_library() { grep -q 'NEEDED.*libtumble' <<< "$(readelf -d "$1")"; }

# Shared.
cmake -S "$source/examples/c" -B "$work/found" -DCMAKE_PREFIX_PATH="$work/prefix" > /dev/null
cmake --build "$work/found" > /dev/null
# shellcheck disable=SC2046
cc -std=c99 -Wall -Wextra -Werror -Wno-missing-field-initializers "$source/examples/c/reconstruct.c" -o "$work/configured" \
    $(pkg-config --cflags --libs tumble)
for program in "$work/found/reconstruct" "$work/configured"; do
    needs_library "$program" || { echo "$program: is not linked with the shared library"; exit 1; }
    LD_LIBRARY_PATH=$library refuses "$program"
done

# Static, by find_package. fmt, Eigen and nlohmann-json are not looked for: the standard library and the linked ones must do.
cmake -S "$source/tests/abi/consumers/static" -B "$work/static" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DEXAMPLE_C="$source/examples/c/reconstruct.c" > /dev/null
cmake --build "$work/static" > /dev/null
# A program that has an fmt of its own would otherwise have its functions twice.
nm --demangle "$library/libtumble_core.a" > "$work/names" 2> /dev/null
grep -q ' T fmt::' "$work/names"
if grep -E ' [A-Zu] fmt::v[0-9]+::' "$work/names"; then
    echo "the static library holds fmt in fmt's own namespace"
    exit 1
fi
"$work/static/client"
if grep -E '^(Eigen3|fmt|nlohmann_json)_DIR' "$work/static/CMakeCache.txt"; then
    echo "a consumer must not need header-only libraries"
    exit 1
fi
# Static, by pkg-config. A linker prefers the shared library where both lie; here there are the archives alone.
mkdir "$work/archives"
cp "$library"/*.a "$work/archives"
# shellcheck disable=SC2046
cc -std=c99 "$source/examples/c/reconstruct.c" -o "$work/configured_static" $(pkg-config --cflags tumble) \
    $(pkg-config --static --libs --define-variable=libdir="$work/archives" tumble)
for program in "$work/static/client" "$work/static/reconstruct" "$work/configured_static"; do
    if needs_library "$program"; then
        echo "$program: is linked with the shared library"
        exit 1
    fi
done
for program in "$work/static/reconstruct" "$work/configured_static"; do
    refuses "$program"
done

# Without what the static libraries need, the shared one is found all the same; who asks for static ones is told.
cmake -S "$source/examples/c" -B "$work/alone" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_DISABLE_FIND_PACKAGE_Threads=ON > /dev/null
if cmake -S "$source/tests/abi/consumers/static" -B "$work/lacking" -DCMAKE_PREFIX_PATH="$work/prefix" \
    -DEXAMPLE_C="$source/examples/c/reconstruct.c" -DCMAKE_DISABLE_FIND_PACKAGE_Threads=ON > "$work/said" 2>&1; then
    echo "find_package(tumble COMPONENTS static): expected a failure without threads"
    exit 1
fi
grep -q "need, and this machine lacks: Threads" <<< "$(tr -s ' \n' ' ' < "$work/said")" || { cat "$work/said"; exit 1; }
