#include "pose/symmetry_mates.hpp"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/units.hpp"

namespace tumble {
namespace {

constexpr double match_A = 0.6;
constexpr std::size_t central_atoms = 6;


/// Median distance to the nearest other atom.
double nearest_neighbour_distance(std::span<const Vec3> atoms) {
    std::vector<double> nearest(atoms.size(), 1e30);
    for (std::size_t i = 0; i < atoms.size(); i++)
        for (std::size_t j = 0; j < atoms.size(); j++)
            if (i != j) nearest[i] = std::min(nearest[i], length(atoms[i] - atoms[j]));
    std::nth_element(nearest.begin(), nearest.begin() + static_cast<std::ptrdiff_t>(nearest.size() / 2), nearest.end());
    return nearest[nearest.size() / 2];
}

/// Cells of side match_A over the atoms' bounding box: nearest atom within match_A in constant time.
class NearestAtom {
  public:
    explicit NearestAtom(std::span<const Vec3> atoms) : atoms_(atoms) {
        low_ = atoms[0];
        Vec3 high = atoms[0];
        for (const Vec3 a : atoms) {
            low_ = {std::min(low_.x, a.x), std::min(low_.y, a.y), std::min(low_.z, a.z)};
            high = {std::max(high.x, a.x), std::max(high.y, a.y), std::max(high.z, a.z)};
        }
        low_ = low_ - Vec3{cell_, cell_, cell_};
        nx_ = count(high.x - low_.x), ny_ = count(high.y - low_.y), nz_ = count(high.z - low_.z);
        heads_.assign(static_cast<std::size_t>(nx_) * ny_ * nz_, -1);
        next_.assign(atoms.size(), -1);
        for (std::size_t i = 0; i < atoms.size(); i++) {
            int& head = heads_[static_cast<std::size_t>(cell_of(atoms[i]))];
            next_[i] = head;
            head = static_cast<int>(i);
        }
    }
    /// Index of the nearest atom within match_A, or -1.
    int find(Vec3 p) const {
        const int x = axis(p.x - low_.x), y = axis(p.y - low_.y), z = axis(p.z - low_.z);
        int best = -1;
        double nearest = match_A * match_A;
        for (int k = std::max(0, z - 1); k <= std::min(nz_ - 1, z + 1); k++)
            for (int j = std::max(0, y - 1); j <= std::min(ny_ - 1, y + 1); j++)
                for (int i = std::max(0, x - 1); i <= std::min(nx_ - 1, x + 1); i++)
                    for (int a = heads_[static_cast<std::size_t>((k * ny_ + j) * nx_ + i)]; a >= 0; a = next_[static_cast<std::size_t>(a)]) {
                        const Vec3 d = atoms_[static_cast<std::size_t>(a)] - p;
                        if (dot(d, d) < nearest) nearest = dot(d, d), best = a;
                    }
        return best;
    }

  private:
    static constexpr double cell_ = match_A;
    static int count(double extent) { return static_cast<int>(extent / cell_) + 2; }
    static int axis(double x) { return static_cast<int>(std::floor(x / cell_)); }
    int cell_of(Vec3 p) const { return (axis(p.z - low_.z) * ny_ + axis(p.y - low_.y)) * nx_ + axis(p.x - low_.x); }
    std::span<const Vec3> atoms_;
    Vec3 low_;
    int nx_ = 0, ny_ = 0, nz_ = 0;
    std::vector<int> heads_, next_;
};

/// Rotation that takes the frame of vectors (a, b) to that of (c, d).
Mat3 frame_rotation(Vec3 a, Vec3 b, Vec3 c, Vec3 d) {
    const auto frame = [](Vec3 u, Vec3 v) {
        const Vec3 e1 = (1 / length(u)) * u;
        const Vec3 w = cross(u, v);
        const Vec3 e3 = (1 / length(w)) * w;
        const Vec3 e2 = cross(e3, e1);
        return Mat3{{e1.x, e2.x, e3.x, e1.y, e2.y, e3.y, e1.z, e2.z, e3.z}};
    };
    return frame(c, d) * transpose(frame(a, b));
}

Vec3 apply(const NearSymmetry& s, Vec3 p) {
    const Vec3 q = s.rotation * p;
    return s.improper ? s.shift_A - q : s.shift_A + q;
}

/// Kabsch fits on the matched atoms until the match stands still; sets overlap.
void refine(NearSymmetry& s, std::span<const Vec3> atoms, const NearestAtom& nearest, int rounds) {
    for (int round = 0; round <= rounds; round++) {
        Eigen::Matrix3d covariance = Eigen::Matrix3d::Zero();
        Vec3 from{}, to{};
        std::vector<std::pair<Vec3, Vec3>> pairs;
        for (const Vec3 p : atoms) {
            const int hit = nearest.find(apply(s, p));
            if (hit < 0) continue;
            const Vec3 source = s.improper ? -1.0 * p : p;
            pairs.emplace_back(source, atoms[static_cast<std::size_t>(hit)]);
            from = from + source, to = to + pairs.back().second;
        }
        s.overlap = static_cast<double>(pairs.size()) / static_cast<double>(atoms.size());
        if (pairs.size() < 4 || round == rounds) return;
        from = (1.0 / static_cast<double>(pairs.size())) * from, to = (1.0 / static_cast<double>(pairs.size())) * to;
        for (const auto& [p, q] : pairs) {
            const Vec3 a = p - from, b = q - to;
            covariance += Eigen::Vector3d(b.x, b.y, b.z) * Eigen::Vector3d(a.x, a.y, a.z).transpose();
        }
        Mat3 m;
        for (int i = 0; i < 3; i++)
            for (int j = 0; j < 3; j++) m(i, j) = covariance(i, j);
        s.rotation = orthonormalised(m);
        s.shift_A = to - s.rotation * from;
    }
}

bool same_operation(const NearSymmetry& a, const NearSymmetry& b) {
    return a.improper == b.improper && angle_between(a.rotation, b.rotation) < radians(8) && length(a.shift_A - b.shift_A) < 0.5;
}

}  // namespace

std::vector<NearSymmetry> find_near_symmetries(std::span<const Vec3> atoms, const NearSymmetryOptions& options,
                                               ThreadPool& pool) {
    std::vector<NearSymmetry> found{{Mat3{}, false, {}, 1.0}};
    if (atoms.size() < 8) return found;
    Vec3 centre{};
    for (const Vec3 a : atoms) centre = centre + a;
    centre = (1.0 / static_cast<double>(atoms.size())) * centre;
    std::vector<std::size_t> order(atoms.size());
    std::iota(order.begin(), order.end(), 0);
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return length(atoms[a] - centre) < length(atoms[b] - centre); });

    const double d_nn = nearest_neighbour_distance(atoms);
    const NearestAtom nearest(atoms);
    const auto neighbours = [&](std::size_t i) {
        std::vector<Vec3> out;
        for (std::size_t j = 0; j < atoms.size(); j++)
            if (j != i && length(atoms[j] - atoms[i]) < 1.22 * d_nn) out.push_back(atoms[j] - atoms[i]);
        return out;
    };
    const auto from = neighbours(order[0]);
    Vec3 a{}, b{};
    for (std::size_t i = 0; i + 1 < from.size() && length(b) == 0; i++)
        for (std::size_t j = i + 1; j < from.size(); j++)
            if (length(cross(from[i], from[j])) > 0.5 * d_nn * d_nn) {
                a = from[i], b = from[j];
                break;
            }
    if (length(b) == 0) return found;

    std::vector<NearSymmetry> tried;
    for (std::size_t target = 0; target < std::min(central_atoms, order.size()); target++) {
        const Vec3 to = atoms[order[target]];
        const auto around = neighbours(order[target]);
        for (const bool improper : {false, true})
            for (const Vec3& c : around)
                for (const Vec3& d : around) {
                    const double sign = improper ? -1 : 1;
                    if (std::abs(length(c) - length(a)) > 0.2 * d_nn || std::abs(length(d) - length(b)) > 0.2 * d_nn) continue;
                    if (std::abs(length(d - c) - length(b - a)) > 0.25 * d_nn || length(cross(c, d)) < 0.3 * d_nn * d_nn) continue;
                    NearSymmetry s;
                    s.improper = improper;
                    s.rotation = frame_rotation(sign * a, sign * b, c, d);
                    const Vec3 p = atoms[order[0]];
                    s.shift_A = to - (sign * (s.rotation * p));
                    tried.push_back(s);
                }
    }
    const auto holds = [&](NearSymmetry& s) {
        refine(s, atoms, nearest, 0);
        if (s.overlap < 0.4 * options.least_overlap) return false;
        refine(s, atoms, nearest, 3);
        const bool translation = !s.improper && angle_between(s.rotation, Mat3{}) < radians(5);
        if (s.overlap < (translation ? options.translation_overlap : options.least_overlap)) return false;
        // The centroid, not the origin, tells how far the particle as a whole is moved.
        return length(apply(s, centre) - centre) <= (translation ? 1.1 * d_nn : options.largest_shift_A);
    };
    std::vector<char> held(tried.size());
    pool.each(static_cast<std::int64_t>(tried.size()), [&](std::int64_t i, int) {
        const auto at = static_cast<std::size_t>(i);
        held[at] = holds(tried[at]);
    });
    std::vector<NearSymmetry> candidates;
    for (std::size_t i = 0; i < tried.size(); i++)
        if (held[i]) candidates.push_back(tried[i]);
    std::stable_sort(candidates.begin(), candidates.end(), [](const auto& x, const auto& y) { return x.overlap > y.overlap; });
    for (const auto& s : candidates)
        if (std::none_of(found.begin(), found.end(), [&](const auto& other) { return same_operation(s, other); })) found.push_back(s);
    return found;
}

Pose mate_of(const Pose& pose, const NearSymmetry& s) {
    Pose mate = pose;
    mate.rotation = pose.rotation * s.rotation;
    if (s.improper) mate.rotation = Mat3{{-1, 0, 0, 0, -1, 0, 0, 0, 1}} * mate.rotation;
    const Vec3 shift = pose.rotation * s.shift_A;
    mate.shift_A = {pose.shift_A.x + shift.x, pose.shift_A.y + shift.y};
    return mate;
}

}  // namespace tumble
