#include "atoms/joint_fit.hpp"

#include <Eigen/Dense>
#include <Eigen/SparseCholesky>
#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "atoms/atomic_model.hpp"
#include "atoms/cell_list.hpp"
#include "atoms/radial_profile.hpp"
#include "fourier/fft.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

constexpr int unknowns = 6;                 // x, y, z, height, spread times height (A^2), background
constexpr double largest_step_A = 0.2;      // an atom moves at most this far in a round
constexpr double background_width_A = 1.5;  // sigma of the Gaussian that carries an atom's local background
constexpr double variance_reach_A = 5;      // neighbours that an error bar takes into account
constexpr double pi = std::numbers::pi;

using Unknowns = Eigen::Matrix<double, unknowns, 1>;
using Block = Eigen::Matrix<double, unknowns, unknowns>;

struct AtomState {
    Vec3 position;
    double height = 1, spread = 0, background = 0;  // spread: coefficient of the profile's spread part, A^2
};

// Voxels of the map and those that are fitted.
struct Region {
    int box;
    double voxel_A;
    std::vector<unsigned char> fitted;
    Vec3 place(int x, int y, int z) const {
        const int centre = box / 2;
        return voxel_A * Vec3{static_cast<double>(x - centre), static_cast<double>(y - centre),
                              static_cast<double>(z - centre)};
    }
    std::size_t index(int x, int y, int z) const {
        return (static_cast<std::size_t>(z) * box + y) * static_cast<std::size_t>(box) + x;
    }
    // Calls visit(x, y, z, vector from `centre_A` to the voxel) for voxels within `radius_A`, in the order of
    // memory.
    template <class Visit>
    void for_ball(Vec3 centre_A, double radius_A, const Visit& visit) const {
        const auto first = [&](double p) {
            return std::max(0, static_cast<int>(std::ceil((p - radius_A) / voxel_A)) + box / 2);
        };
        const auto last = [&](double p) {
            return std::min(box - 1, static_cast<int>(std::floor((p + radius_A) / voxel_A)) + box / 2);
        };
        for (int z = first(centre_A.z); z <= last(centre_A.z); z++)
            for (int y = first(centre_A.y); y <= last(centre_A.y); y++)
                for (int x = first(centre_A.x); x <= last(centre_A.x); x++) {
                    const Vec3 d = place(x, y, z) - centre_A;
                    if (dot(d, d) < radius_A * radius_A) visit(x, y, z, d);
                }
    }
};

struct Equations {
    std::vector<std::vector<int>>
        neighbours;                          // [atom], itself and later atoms whose fitted voxels it reaches
    std::vector<std::vector<Block>> blocks;  // [atom][neighbour]
    std::vector<Unknowns> right;
};

// The middle of a map, wide enough for all atoms and the rings about them: the rest of the box holds nothing
// to fit.
Volume around_atoms(const Volume& map, std::span<const Vec3> atoms) {
    constexpr double margin_A = 4;
    double farthest = 0;
    for (const Vec3& atom : atoms)
        farthest = std::max({farthest, std::abs(atom.x), std::abs(atom.y), std::abs(atom.z)});
    const int box = next_fast_size(2 * static_cast<int>(std::ceil((farthest + margin_A) / map.voxel_A)));
    if (box >= map.box) return map;
    Volume out(box, map.voxel_A);
    const int first = map.box / 2 - box / 2;
    for (int z = 0; z < box; z++)
        for (int y = 0; y < box; y++)
            for (int x = 0; x < box; x++) out.at(x, y, z) = map.at(first + x, first + y, first + z);
    return out;
}

// Calls visit(element of the half transform, |k| in shells, weight in the full transform) within the Nyquist
// sphere.
template <class Visit>
void for_frequencies(int n, const Visit& visit) {
    std::size_t element = 0;
    for (int z = 0; z < n; z++)
        for (int y = 0; y < n; y++)
            for (int x = 0; x <= n / 2; x++, element++) {
                const int kz = z < n / 2 ? z : z - n, ky = y < n / 2 ? y : y - n;
                const double k = std::sqrt(static_cast<double>(x * x + ky * ky + kz * kz));
                if (k < n / 2 - 0.5) visit(element, k, x == 0 ? 1.0 : 2.0);
            }
}

double background_at(double squared) {
    return std::exp(-squared / (2 * background_width_A * background_width_A));
}

class MapFit {
  public:
    MapFit(const Volume& map, std::span<const Vec3> start, const JointFitOptions& options, ThreadPool& pool)
        : whole_(map),
          map_(around_atoms(map, start)),
          options_(options),
          pool_(pool),
          reach_A_(options.radius_A + 1),
          atoms_(start.size()) {
        for (std::size_t a = 0; a < start.size(); a++) atoms_[a].position = start[a];
    }
    JointFit run();

  private:
    std::vector<Vec3> positions() const;
    std::vector<double> gather(double AtomState::*field) const;
    void estimate_profile();
    Volume background_map() const;
    void predict();
    Unknowns slopes(const AtomState& atom, Vec3 to_voxel) const;
    Equations equations() const;
    void solve_and_step(const Equations& equations);
    std::vector<Unknowns> variances(const Equations& equations) const;
    std::vector<double> noise_power() const;
    void whiten();
    std::array<double, 3> noise_by_order() const;

    const Volume& whole_;
    Volume map_;  // cropped, later whitened
    const JointFitOptions& options_;
    ThreadPool& pool_;
    double reach_A_;  // how far from a voxel an atom's slopes are taken into account
    std::vector<AtomState> atoms_;
    std::vector<RadialProfile> profile_;  // one, once estimated
    Region region_{};
    Volume residual_;
};

std::vector<Vec3> MapFit::positions() const {
    std::vector<Vec3> out;
    for (const AtomState& atom : atoms_) out.push_back(atom.position);
    return out;
}

std::vector<double> MapFit::gather(double AtomState::*field) const {
    std::vector<double> out;
    for (const AtomState& atom : atoms_) out.push_back(atom.*field);
    return out;
}

Volume MapFit::background_map() const {
    // A Gaussian of unit height: its transform per shell.
    std::vector<double> shells(static_cast<std::size_t>(map_.box / 2 + 1));
    const double volume = std::pow(std::sqrt(2 * pi) * background_width_A / map_.voxel_A, 3);
    for (std::size_t s = 0; s < shells.size(); s++) {
        const double turn = 2 * pi * static_cast<double>(s) / (map_.box * map_.voxel_A) * background_width_A;
        shells[s] = volume * std::exp(-0.5 * turn * turn);
    }
    return render_atoms(map_.box, map_.voxel_A, positions(), gather(&AtomState::background), shells, pool_);
}

void MapFit::estimate_profile() {
    Volume clean = map_;
    if (profile_.size() == 1 && options_.background) {
        const Volume background = background_map();
        for (std::size_t i = 0; i < clean.values.size(); i++) clean.values[i] -= background.values[i];
    }
    const auto shells = fit_shell_amplitude(clean, positions(), gather(&AtomState::height), pool_);
    profile_.assign(1, RadialProfile(shells, map_.box, map_.voxel_A, reach_A_ + 0.1));
}

void MapFit::predict() {
    const RadialProfile& profile = profile_.front();
    residual_ = map_;
    const auto subtract = [&](const Volume& part) {
        for (std::size_t i = 0; i < residual_.values.size(); i++) residual_.values[i] -= part.values[i];
    };
    subtract(render_atoms(map_.box, map_.voxel_A, positions(), gather(&AtomState::height),
                          profile.summary().shell_amplitude, pool_));
    if (options_.widths)
        subtract(render_atoms(map_.box, map_.voxel_A, positions(), gather(&AtomState::spread),
                              profile.spread_shells(), pool_));
    if (options_.background) subtract(background_map());
    region_ = {map_.box, map_.voxel_A, std::vector<unsigned char>(map_.values.size())};
    for (const AtomState& atom : atoms_)
        region_.for_ball(atom.position, options_.radius_A,
                         [&](int x, int y, int z, Vec3) { region_.fitted[region_.index(x, y, z)] = 1; });
}

Unknowns MapFit::slopes(const AtomState& atom, Vec3 to_voxel) const {
    const double squared = dot(to_voxel, to_voxel);
    const RadialProfile::Value p = profile_.front().at(squared);
    const double slope = -(atom.height * p.slope + atom.spread * p.spread_slope);
    Unknowns out;
    out << slope * to_voxel.x, slope * to_voxel.y, slope * to_voxel.z, p.value,
        options_.widths ? p.spread_value : 0, options_.background ? background_at(squared) : 0;
    return out;
}

// A row of blocks belongs to one atom and is summed over its voxels in the order of memory, whatever the
// threads.
Equations MapFit::equations() const {
    const std::size_t count = atoms_.size();
    CellList cells(2 * reach_A_);
    for (std::size_t a = 0; a < count; a++) cells.insert(atoms_[a].position, static_cast<int>(a));
    Equations out{std::vector<std::vector<int>>(count), std::vector<std::vector<Block>>(count),
                  std::vector<Unknowns>(count, Unknowns::Zero())};
    pool_.each(static_cast<std::int64_t>(count), [&](std::int64_t row, int) {
        const auto a = static_cast<std::size_t>(row);
        std::vector<int>& near = out.neighbours[a];
        cells.for_near(atoms_[a].position, [&](int b) {
            if (b >= row &&
                length(atoms_[static_cast<std::size_t>(b)].position - atoms_[a].position) < 2 * reach_A_)
                near.push_back(b);
        });
        std::sort(near.begin(), near.end());
        out.blocks[a].assign(near.size(), Block::Zero());
        region_.for_ball(atoms_[a].position, reach_A_, [&](int x, int y, int z, Vec3 to_voxel) {
            const std::size_t voxel = region_.index(x, y, z);
            if (region_.fitted[voxel] == 0) return;
            const Unknowns own = slopes(atoms_[a], to_voxel);
            out.right[a] += static_cast<double>(residual_.values[voxel]) * own;
            for (std::size_t n = 0; n < near.size(); n++) {
                const AtomState& other = atoms_[static_cast<std::size_t>(near[n])];
                const Vec3 from_other = to_voxel + (atoms_[a].position - other.position);
                if (dot(from_other, from_other) >= reach_A_ * reach_A_) continue;
                out.blocks[a][n].noalias() += own * slopes(other, from_other).transpose();
            }
        });
        for (int k = 0; k < unknowns; k++)  // unknowns that are not fitted stay where they are
            if (out.blocks[a].front()(k, k) == 0) out.blocks[a].front()(k, k) = 1;
    });
    return out;
}

void MapFit::solve_and_step(const Equations& equations) {
    const auto size = static_cast<Eigen::Index>(unknowns * atoms_.size());
    std::vector<Eigen::Triplet<double>> entries;
    Eigen::VectorXd right(size);
    for (std::size_t a = 0; a < atoms_.size(); a++) {
        right.segment<unknowns>(static_cast<Eigen::Index>(unknowns * a)) = equations.right[a];
        for (std::size_t n = 0; n < equations.neighbours[a].size(); n++)
            for (int i = 0; i < unknowns; i++)
                for (int j = 0; j < unknowns; j++)
                    entries.emplace_back(unknowns * equations.neighbours[a][n] + j,
                                         unknowns * static_cast<int>(a) + i, equations.blocks[a][n](i, j));
    }
    Eigen::SparseMatrix<double> matrix(size, size);  // lower triangle, and the diagonal blocks whole
    matrix.setFromTriplets(entries.begin(), entries.end());
    Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>, Eigen::Lower> factor(matrix);
    if (factor.info() != Eigen::Success || !(factor.vectorD().minCoeff() > 0))
        throw Error(
            ErrorKind::unsupported,
            "The joint fit of " + std::to_string(atoms_.size()) +
                " atoms has no unique answer: two atoms lie on one place, or the map does not show them.");
    const Eigen::VectorXd change = factor.solve(right);
    double mean = 0;
    for (std::size_t a = 0; a < atoms_.size(); a++) {
        const Unknowns step = change.segment<unknowns>(static_cast<Eigen::Index>(unknowns * a));
        const double far = step.head<3>().norm(), part = far > largest_step_A ? largest_step_A / far : 1;
        AtomState& atom = atoms_[a];
        atom.position = atom.position + part * Vec3{step(0), step(1), step(2)};
        atom.height += step(3);
        atom.spread += step(4);
        atom.background += step(5);
        mean += atom.height / static_cast<double>(atoms_.size());
    }
    // The profile carries the scale and takes it up in the next estimate.
    if (!(mean > 0)) return;
    for (AtomState& atom : atoms_) atom.height /= mean, atom.spread /= mean;
}

// Power of the residual of the fitted voxels per Fourier shell, scaled so that white noise gives its
// variance.
std::vector<double> MapFit::noise_power() const {
    const int n = map_.box;
    std::vector<float> masked(residual_.values.size());
    double voxels = 0;
    for (std::size_t i = 0; i < masked.size(); i++) {
        masked[i] = region_.fitted[i] != 0 ? residual_.values[i] : 0;
        voxels += region_.fitted[i];
    }
    std::vector<Complexf> transform(static_cast<std::size_t>(n) * n * static_cast<std::size_t>(n / 2 + 1));
    Fft3D(n).forward(masked.data(), transform.data(), pool_);
    std::vector<double> sum(static_cast<std::size_t>(n / 2 + 1)), cells(sum.size());
    for_frequencies(n, [&](std::size_t element, double k, double weight) {
        const auto shell = static_cast<std::size_t>(std::lround(k));
        sum[shell] += weight * static_cast<double>(std::norm(transform[element])) / voxels;
        cells[shell] += weight;
    });
    // Three shells together: the innermost hold few cells.
    std::vector<double> power(sum.size());
    for (std::size_t s = 0; s < power.size(); s++) {
        double top = 0, bottom = 0;
        for (std::size_t near = s == 0 ? 0 : s - 1; near < std::min(s + 2, power.size()); near++)
            top += sum[near], bottom += cells[near];
        power[s] = bottom > 0 ? top / bottom : 0;
    }
    return power;
}

// Least squares is the best estimate where the noise is white. Restored maps are filtered, each in its own
// way; dividing by the noise's own amplitude makes the fit the same for all of them.
void MapFit::whiten() {
    constexpr double largest_gain = 30;  // beyond it the map holds nothing: its band ends there
    std::vector<double> gain = noise_power();
    const double strongest = std::sqrt(*std::max_element(gain.begin(), gain.end()));
    if (!(strongest > 1e-6 * profile_.front().summary().peak))
        return;  // a map without noise needs no weights
    for (double& g : gain) g = std::min(strongest / std::sqrt(std::max(g, 1e-300)), largest_gain);
    const int n = map_.box;
    const double scale = 1 / (static_cast<double>(n) * n * n);
    std::vector<Complexf> transform(static_cast<std::size_t>(n) * n * static_cast<std::size_t>(n / 2 + 1));
    const Fft3D fft(n);
    fft.forward(map_.values.data(), transform.data(), pool_);
    std::vector<Complexf> filtered(transform.size());
    for_frequencies(n, [&](std::size_t element, double k, double) {
        const auto shell = static_cast<std::size_t>(k);
        const double up = k - static_cast<double>(shell);
        filtered[element] =
            static_cast<float>(scale * ((1 - up) * gain[shell] + up * gain[shell + 1])) * transform[element];
    });
    fft.inverse(filtered.data(), map_.values.data(), pool_);
    for (AtomState& atom : atoms_) atom.background = 0;  // in units of the map, which has changed
}

// Noise power where the slopes of a height (k^0), a position (k^1) and a spread (k^2) have theirs: mean of
// the noise power over shells, weighted by (number of cells) f^2 k^(2 order).
std::array<double, 3> MapFit::noise_by_order() const {
    const std::vector<double> f = profile_.front().summary().shell_amplitude, power = noise_power();
    std::array<double, 3> top{}, bottom{};
    for (std::size_t s = 0; s < f.size(); s++) {
        const double square = static_cast<double>(s * s);
        double weight = square * f[s] * f[s];
        for (std::size_t order = 0; order < 3; order++, weight *= square)
            top[order] += weight * power[s], bottom[order] += weight;
    }
    for (std::size_t order = 0; order < 3; order++)
        top[order] = bottom[order] > 0 ? top[order] / bottom[order] : 0;
    return top;
}

std::vector<Unknowns> MapFit::variances(const Equations& equations) const {
    std::vector<std::vector<int>> near(atoms_.size());
    for (std::size_t a = 0; a < atoms_.size(); a++)
        for (const int b : equations.neighbours[a]) {
            if (length(atoms_[static_cast<std::size_t>(b)].position - atoms_[a].position) > variance_reach_A)
                continue;
            near[a].push_back(b);
            if (static_cast<std::size_t>(b) != a)
                near[static_cast<std::size_t>(b)].push_back(static_cast<int>(a));
        }
    const auto block = [&](int a, int b) -> Block {
        const bool swap = b < a;
        const auto& row = equations.neighbours[static_cast<std::size_t>(swap ? b : a)];
        const auto found = std::lower_bound(row.begin(), row.end(), swap ? a : b);
        if (found == row.end() || *found != (swap ? a : b)) return Block::Zero();
        const Block& value = equations.blocks[static_cast<std::size_t>(swap ? b : a)]
                                             [static_cast<std::size_t>(found - row.begin())];
        return swap ? Block(value.transpose()) : value;
    };
    const std::array<double, 3> noise = noise_by_order();
    std::vector<Unknowns> out(atoms_.size());
    pool_.each(static_cast<std::int64_t>(atoms_.size()), [&](std::int64_t atom, int) {
        const auto a = static_cast<std::size_t>(atom);
        std::vector<int> group = near[a];
        std::sort(group.begin(), group.end());
        const auto size = static_cast<Eigen::Index>(unknowns * group.size());
        Eigen::MatrixXd part(size, size), own = Eigen::MatrixXd::Zero(size, unknowns);
        for (std::size_t i = 0; i < group.size(); i++) {
            if (group[i] == static_cast<int>(atom))
                own.block<unknowns, unknowns>(static_cast<Eigen::Index>(unknowns * i), 0).setIdentity();
            for (std::size_t j = 0; j < group.size(); j++)
                part.block<unknowns, unknowns>(static_cast<Eigen::Index>(unknowns * i),
                                               static_cast<Eigen::Index>(unknowns * j)) =
                    block(group[i], group[j]);
        }
        const Eigen::MatrixXd columns = part.ldlt().solve(own);
        const Eigen::MatrixXd inverse = own.transpose() * columns;
        const std::array<std::size_t, unknowns> order{1, 1, 1, 0, 2, 0};
        for (int k = 0; k < unknowns; k++)
            out[a](k) = std::max(inverse(k, k), 0.0) * noise[order[static_cast<std::size_t>(k)]];
    });
    return out;
}

JointFit MapFit::run() {
    JointFit fit;
    if (atoms_.empty()) return fit;
    for (int round = 0; round < options_.rounds; round++) {
        estimate_profile();
        predict();
        if (round == options_.rounds / 2) {
            whiten();
            estimate_profile();
            predict();
        }
        solve_and_step(equations());
    }
    estimate_profile();
    predict();
    const std::vector<Unknowns> variance = variances(equations());
    const double peak = profile_.front().summary().peak;
    double square = 0, voxels = 0;
    for (std::size_t i = 0; i < region_.fitted.size(); i++)
        if (region_.fitted[i] != 0)
            square += static_cast<double>(residual_.values[i]) * residual_.values[i], voxels++;
    if (voxels > 0 && peak > 0) fit.residual_rms = std::sqrt(square / voxels) / peak;
    // The profile reported is that of the map as it was given.
    fit.profile = RadialProfile(fit_shell_amplitude(whole_, positions(), gather(&AtomState::height), pool_),
                                whole_.box, whole_.voxel_A, reach_A_)
                      .summary();
    const double own_width = fit.profile.gaussian_width_A;
    // The profile is the mean atom's: widths differ from it by what an atom's spread differs from the mean
    // spread.
    double mean_spread = 0;
    for (const AtomState& atom : atoms_)
        if (atom.height > 0) mean_spread += atom.spread / atom.height / static_cast<double>(atoms_.size());
    for (std::size_t a = 0; a < atoms_.size(); a++) {
        const AtomState& atom = atoms_[a];
        FittedAtom out;
        out.position_A = atom.position;
        out.sigma_A = {std::sqrt(variance[a](0)), std::sqrt(variance[a](1)), std::sqrt(variance[a](2))};
        out.height = atom.height;
        out.height_sigma = std::sqrt(variance[a](3));
        const double spread = atom.height > 0 ? atom.spread / atom.height - mean_spread : 0;
        out.width_A = std::sqrt(std::max(own_width * own_width + spread, 0.0));
        if (options_.widths && atom.height > 0 && out.width_A > 0)
            out.width_sigma_A = std::sqrt(variance[a](4)) / atom.height / (2 * out.width_A);
        out.background = peak > 0 ? atom.background / peak : 0;
        fit.atoms.push_back(out);
    }
    return fit;
}

}  // namespace

JointFit fit_atoms(const Volume& map, std::span<const Vec3> start, const JointFitOptions& options,
                   ThreadPool& pool) {
    return MapFit(map, start, options, pool).run();
}

}  // namespace tumble
