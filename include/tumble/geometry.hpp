#pragma once
// Vectors, rotations and poses: plain values shared by the whole interface.
//
// Frame: right-handed, beam along +z, image x = column, y = row. A pose (R, t) takes the particle to the laboratory,
// r_lab = R r_particle, and puts the particle's centre at t in the image, measured from pixel N/2 (docs/conventions.md).
#include <array>
#include <cmath>

namespace tumble {

/// A vector in three dimensions; the unit is said where one is declared.
struct Vec3 {
    double x = 0, y = 0, z = 0;
    friend Vec3 operator+(Vec3 a, Vec3 b) { return {a.x + b.x, a.y + b.y, a.z + b.z}; }
    friend Vec3 operator-(Vec3 a, Vec3 b) { return {a.x - b.x, a.y - b.y, a.z - b.z}; }
    friend Vec3 operator*(double s, Vec3 a) { return {s * a.x, s * a.y, s * a.z}; }
    friend bool operator==(const Vec3&, const Vec3&) = default;
};
inline double dot(Vec3 a, Vec3 b) { return a.x * b.x + a.y * b.y + a.z * b.z; }
inline Vec3 cross(Vec3 a, Vec3 b) {
    return {a.y * b.z - a.z * b.y, a.z * b.x - a.x * b.z, a.x * b.y - a.y * b.x};
}
inline double length(Vec3 a) { return std::sqrt(dot(a, a)); }

/// A vector in the image plane: x along columns, y along rows.
struct Vec2 {
    double x = 0, y = 0;
    friend bool operator==(const Vec2&, const Vec2&) = default;
};

/// A 3 x 3 matrix, row-major.
struct Mat3 {
    std::array<double, 9> m{1, 0, 0, 0, 1, 0, 0, 0, 1};
    double& operator()(int row, int column) { return m[static_cast<std::size_t>(3 * row + column)]; }
    double operator()(int row, int column) const { return m[static_cast<std::size_t>(3 * row + column)]; }
    friend bool operator==(const Mat3&, const Mat3&) = default;
};
inline Vec3 operator*(const Mat3& a, Vec3 v) {
    return {a(0, 0) * v.x + a(0, 1) * v.y + a(0, 2) * v.z, a(1, 0) * v.x + a(1, 1) * v.y + a(1, 2) * v.z,
            a(2, 0) * v.x + a(2, 1) * v.y + a(2, 2) * v.z};
}
inline Mat3 operator*(const Mat3& a, const Mat3& b) {
    Mat3 c;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++) c(i, j) = a(i, 0) * b(0, j) + a(i, 1) * b(1, j) + a(i, 2) * b(2, j);
    return c;
}
inline Mat3 transpose(const Mat3& a) {
    return {{a(0, 0), a(1, 0), a(2, 0), a(0, 1), a(1, 1), a(2, 1), a(0, 2), a(1, 2), a(2, 2)}};
}
inline double determinant(const Mat3& a) {
    return dot({a(0, 0), a(0, 1), a(0, 2)}, cross({a(1, 0), a(1, 1), a(1, 2)}, {a(2, 0), a(2, 1), a(2, 2)}));
}

/// Orientation and in-plane shift of one image: r_lab = rotation * r_particle; shift in A from pixel N/2.
struct Pose {
    Mat3 rotation;
    Vec2 shift_A;
    friend bool operator==(const Pose&, const Pose&) = default;
};

/// RELION's Euler angles in degrees: rotation = Rz(psi) Ry(tilt) Rz(rot), Rz(a) = [[c, s, 0], [-s, c, 0], [0, 0, 1]],
/// Ry(a) = [[c, 0, -s], [0, 1, 0], [s, 0, c]] (RELION documentation, "Conventions").
struct EulerAngles {
    double rot_deg = 0, tilt_deg = 0, psi_deg = 0;
};
Mat3 rotation_from_euler(EulerAngles angles);
/// Inverse of rotation_from_euler; tilt in [0, 180]. At tilt 0 or 180 rot is 0 and psi carries the whole turn.
EulerAngles euler_from_rotation(const Mat3& rotation);

/// Rotation by `angle` radians about `axis` (any length but zero), right-handed.
Mat3 rotation_about(Vec3 axis, double angle);
/// Angle in radians of the rotation that takes a to b, in [0, pi].
double angle_between(const Mat3& a, const Mat3& b);
/// The rotation nearest to `a` in the least-squares sense (removes rounding after many products).
Mat3 orthonormalised(const Mat3& a);

}  // namespace tumble
