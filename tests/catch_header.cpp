// The file that owns the precompiled header (CMakeLists.txt); CMake includes it.
