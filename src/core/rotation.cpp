// Rotations and RELION's Euler angles; declarations in include/tumble/geometry.hpp.
#include <Eigen/Dense>
#include <algorithm>
#include <numbers>

#include "core/units.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

Mat3 rotation_from_euler(EulerAngles angles) {
    const double a = radians(angles.rot_deg), b = radians(angles.tilt_deg), g = radians(angles.psi_deg);
    const double ca = std::cos(a), sa = std::sin(a), cb = std::cos(b), sb = std::sin(b), cg = std::cos(g), sg = std::sin(g);
    return {{cg * cb * ca - sg * sa, cg * cb * sa + sg * ca, -cg * sb,
             -sg * cb * ca - cg * sa, -sg * cb * sa + cg * ca, sg * sb,
             sb * ca, sb * sa, cb}};
}

EulerAngles euler_from_rotation(const Mat3& r) {
    const double sin_tilt = std::hypot(r(0, 2), r(1, 2));
    const double tilt = std::atan2(sin_tilt, r(2, 2));
    // Below 1e-8 the azimuths are rounding noise: only rot + psi (tilt 0) or psi - rot (tilt 180) is defined.
    if (sin_tilt < 1e-8) return {0, degrees(tilt), degrees(std::atan2(r(0, 1), r(1, 1)))};
    return {degrees(std::atan2(r(2, 1), r(2, 0))), degrees(tilt), degrees(std::atan2(r(1, 2), -r(0, 2)))};
}

Mat3 rotation_about(Vec3 axis, double angle) {
    const Vec3 u = (1 / length(axis)) * axis;
    const double c = std::cos(angle), s = std::sin(angle), v = 1 - c;
    return {{c + u.x * u.x * v, u.x * u.y * v - u.z * s, u.x * u.z * v + u.y * s,
             u.y * u.x * v + u.z * s, c + u.y * u.y * v, u.y * u.z * v - u.x * s,
             u.z * u.x * v - u.y * s, u.z * u.y * v + u.x * s, c + u.z * u.z * v}};
}

double angle_between(const Mat3& a, const Mat3& b) {
    // |a - b|_F^2 = 8 sin^2(angle / 2): accurate for small angles, where acos of the trace is not.
    double squares = 0;
    for (std::size_t i = 0; i < 9; i++) squares += (a.m[i] - b.m[i]) * (a.m[i] - b.m[i]);
    return 2 * std::asin(std::min(1.0, std::sqrt(squares / 8)));
}

Mat3 orthonormalised(const Mat3& a) {
    using RowMajor = Eigen::Matrix<double, 3, 3, Eigen::RowMajor>;
    const Eigen::JacobiSVD<Eigen::Matrix3d> svd(Eigen::Map<const RowMajor>(a.m.data()), Eigen::ComputeFullU | Eigen::ComputeFullV);
    Eigen::Matrix3d u = svd.matrixU();
    if ((u * svd.matrixV().transpose()).determinant() < 0) u.col(2) *= -1;
    Mat3 out;
    Eigen::Map<RowMajor>(out.m.data()) = u * svd.matrixV().transpose();
    return out;
}

}  // namespace tumble
