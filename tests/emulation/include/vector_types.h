#pragma once
// CUDA's small vectors, with its alignments.
struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x, y, z;
    constexpr dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_) {}
    constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
};

#define TUMBLE_EMULATED_VECTORS(type, name, align2, align4)                                                              \
    struct name##1 {                                                                                                     \
        type x;                                                                                                          \
    };                                                                                                                   \
    struct alignas(align2) name##2 {                                                                                     \
        type x, y;                                                                                                       \
    };                                                                                                                   \
    struct alignas(align4) name##4 {                                                                                     \
        type x, y, z, w;                                                                                                 \
    };                                                                                                                   \
    constexpr name##2 make_##name##2(type x, type y) { return {x, y}; }                                                  \
    constexpr name##4 make_##name##4(type x, type y, type z, type w) { return {x, y, z, w}; }
TUMBLE_EMULATED_VECTORS(signed char, char, 2, 4)
TUMBLE_EMULATED_VECTORS(unsigned char, uchar, 2, 4)
TUMBLE_EMULATED_VECTORS(short, short, 4, 8)
TUMBLE_EMULATED_VECTORS(unsigned short, ushort, 4, 8)
TUMBLE_EMULATED_VECTORS(int, int, 8, 16)
TUMBLE_EMULATED_VECTORS(unsigned, uint, 8, 16)
TUMBLE_EMULATED_VECTORS(long long, longlong, 16, 16)
TUMBLE_EMULATED_VECTORS(unsigned long long, ulonglong, 16, 16)
TUMBLE_EMULATED_VECTORS(float, float, 8, 16)
TUMBLE_EMULATED_VECTORS(double, double, 16, 16)
#undef TUMBLE_EMULATED_VECTORS

struct int3 {
    int x, y, z;
};
struct float3 {
    float x, y, z;
};
struct double3 {
    double x, y, z;
};
constexpr int3 make_int3(int x, int y, int z) {
    return {x, y, z};
}
constexpr uint3 make_uint3(unsigned x, unsigned y, unsigned z) {
    return {x, y, z};
}
constexpr float3 make_float3(float x, float y, float z) {
    return {x, y, z};
}
constexpr double3 make_double3(double x, double y, double z) {
    return {x, y, z};
}
