#include "atoms/atomic_model.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <numbers>
#include <string>

#include "atoms/phase_sums.hpp"
#include "fourier/fft.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace {

int padded(int count, int multiple) {
    return (count + multiple - 1) / multiple * multiple;
}

// exp(-2 pi i k p / n) for k = 0 .. count - 1, p in voxels from voxel 0.
void wave_factors(double p, int n, int count, std::complex<double>* out) {
    const std::complex<double> step = std::polar(1.0, -2 * std::numbers::pi * p / n);
    std::complex<double> value = 1;
    for (int k = 0; k < count; k++, value *= step) out[k] = value;
}

// Factors of every atom on each axis. x as sum_waves wants them; y and z for k = 0 .. n/2 - 1 (negative k:
// conjugate).
struct AtomWaves {
    int box = 0, columns = 0;
    std::int64_t atoms = 0;
    std::vector<float> x_re, x_im;
    std::vector<std::complex<double>> y, z;
    std::vector<double> heights;

    AtomWaves(int n, double voxel_A, std::span<const Vec3> positions_A, std::span<const double> atom_heights)
        : box(n),
          columns(padded(n / 2 + 1, phase_lanes)),
          atoms(static_cast<std::int64_t>(positions_A.size())),
          x_re(positions_A.size() * static_cast<std::size_t>(columns)),
          x_im(x_re.size()),
          y(positions_A.size() * static_cast<std::size_t>(n / 2)),
          z(y.size()),
          heights(atom_heights.begin(), atom_heights.end()) {
        const auto half = static_cast<std::size_t>(n / 2);
        std::vector<std::complex<double>> row(half);
        for (std::size_t a = 0; a < positions_A.size(); a++) {
            wave_factors(positions_A[a].x / voxel_A + n / 2, n, n / 2, row.data());
            for (std::size_t k = 0; k < half; k++) {
                x_re[a * static_cast<std::size_t>(columns) + k] = static_cast<float>(row[k].real());
                x_im[a * static_cast<std::size_t>(columns) + k] = static_cast<float>(row[k].imag());
            }
            wave_factors(positions_A[a].y / voxel_A + n / 2, n, n / 2, y.data() + a * half);
            wave_factors(positions_A[a].z / voxel_A + n / 2, n, n / 2, z.data() + a * half);
        }
    }
    std::complex<double> factor(const std::vector<std::complex<double>>& axis, std::int64_t atom,
                                int k) const {
        const auto value = axis[static_cast<std::size_t>(atom * (box / 2) + std::abs(k))];
        return k < 0 ? std::conj(value) : value;
    }
};

// Scratch of one thread: coefficients of four rows, and the rows.
struct RowBuffers {
    std::vector<float> c_re, c_im, re, im;
    explicit RowBuffers(const AtomWaves& waves)
        : c_re(static_cast<std::size_t>(waves.atoms * phase_rows)),
          c_im(c_re.size()),
          re(static_cast<std::size_t>(waves.columns * phase_rows)),
          im(re.size()) {}
};

// G(kx, first_ky .. first_ky + 3, kz) of the atoms; rows whose ky reaches n/2 are meaningless and left zero.
void structure_factor_rows(const AtomWaves& waves, int first_ky, int kz, RowBuffers& rows) {
    for (std::int64_t a = 0; a < waves.atoms; a++) {
        const auto cz = waves.heights[static_cast<std::size_t>(a)] * waves.factor(waves.z, a, kz);
        for (int r = 0; r < phase_rows; r++) {
            const int ky = first_ky + r;
            const auto c =
                std::abs(ky) < waves.box / 2 ? cz * waves.factor(waves.y, a, ky) : std::complex<double>(0);
            rows.c_re[static_cast<std::size_t>(a * phase_rows + r)] = static_cast<float>(c.real());
            rows.c_im[static_cast<std::size_t>(a * phase_rows + r)] = static_cast<float>(c.imag());
        }
    }
    sum_waves(rows.c_re.data(), rows.c_im.data(), waves.x_re.data(), waves.x_im.data(), waves.atoms,
              waves.columns, rows.re.data(), rows.im.data());
}

// Calls visit(plane z, element in the half transform, shell coordinate |k|, kx, G) for all |k| < limit off
// the Nyquist planes.
template <class Visit>
void for_structure_factors(const AtomWaves& waves, double limit, ThreadPool& pool, const Visit& visit) {
    const int n = waves.box, half = n / 2;
    std::vector<RowBuffers> buffers(static_cast<std::size_t>(pool.size()), RowBuffers(waves));
    pool.each(n, [&](std::int64_t plane, int thread) {
        const int z = static_cast<int>(plane), kz = z < half ? z : z - n;
        if (kz == -half || std::abs(kz) >= limit) return;
        RowBuffers& rows = buffers[static_cast<std::size_t>(thread)];
        for (int first = 1 - half; first < half; first += phase_rows) {
            const int nearest = first > 0 ? first : std::min(0, first + phase_rows - 1);
            if (nearest * nearest + kz * kz >= limit * limit) continue;
            structure_factor_rows(waves, first, kz, rows);
            for (int r = 0; r < phase_rows && first + r < half; r++) {
                const int ky = first + r, y = ky < 0 ? ky + n : ky;
                const auto row = (static_cast<std::size_t>(z) * n + y) * static_cast<std::size_t>(half + 1);
                for (int kx = 0; kx < half; kx++) {
                    const double k = std::sqrt(static_cast<double>(kx * kx + ky * ky + kz * kz));
                    if (k >= limit) break;
                    const auto c = static_cast<std::size_t>(r * waves.columns + kx);
                    visit(z, row + static_cast<std::size_t>(kx), k, kx, Complexf(rows.re[c], rows.im[c]));
                }
            }
        }
    });
}

void check_model(int box, std::span<const Vec3> positions_A, std::span<const double> heights) {
    if (box < 2 || box % 2 != 0)
        throw bad_input("atomic model: a box of " + std::to_string(box) +
                        " voxels was given, expected an even number");
    if (positions_A.size() != heights.size())
        throw bad_input("atomic model: " + std::to_string(heights.size()) + " heights were given for " +
                        std::to_string(positions_A.size()) + " atoms");
}

}  // namespace

Volume render_atoms(int box, double voxel_A, std::span<const Vec3> positions_A,
                    std::span<const double> heights, std::span<const double> shell_amplitude,
                    ThreadPool& pool) {
    check_model(box, positions_A, heights);
    Volume map(box, voxel_A);
    if (shell_amplitude.empty()) return map;
    const AtomWaves waves(box, voxel_A, positions_A, heights);
    std::vector<Complexf> transform(static_cast<std::size_t>(box) * box *
                                    static_cast<std::size_t>(box / 2 + 1));
    const double scale = 1.0 / (static_cast<double>(box) * box * box);
    const auto last = shell_amplitude.size() - 1;
    for_structure_factors(waves, static_cast<double>(last) + 1e-9, pool,
                          [&](int, std::size_t element, double k, int, Complexf g) {
                              const auto shell = std::min(static_cast<std::size_t>(k), last);
                              const auto next = std::min(shell + 1, last);
                              const double part = k - static_cast<double>(shell);
                              const double f =
                                  (1 - part) * shell_amplitude[shell] + part * shell_amplitude[next];
                              transform[element] = static_cast<float>(f * scale) * g;
                          });
    Fft3D(box).inverse(transform.data(), map.values.data(), pool);
    return map;
}

std::vector<double> fit_shell_amplitude(const Volume& map, std::span<const Vec3> positions_A,
                                        std::span<const double> heights, ThreadPool& pool) {
    check_model(map.box, positions_A, heights);
    const int n = map.box, shells = n / 2 + 1;
    const AtomWaves waves(n, map.voxel_A, positions_A, heights);
    std::vector<Complexf> transform(static_cast<std::size_t>(n) * n * static_cast<std::size_t>(n / 2 + 1));
    Fft3D(n).forward(map.values.data(), transform.data(), pool);
    // Sums a plane, added up in the order of planes: the same for any number of threads.
    const auto planes = static_cast<std::size_t>(n), width = static_cast<std::size_t>(shells);
    std::vector<double> product(planes * width), power(planes * width);
    for_structure_factors(
        waves, shells - 0.5, pool, [&](int z, std::size_t element, double k, int kx, Complexf g) {
            const auto at = static_cast<std::size_t>(z) * width + static_cast<std::size_t>(std::lround(k));
            const double count = kx == 0 ? 1 : 2;  // the half with kx < 0 is the conjugate
            const Complexf f = transform[element];
            product[at] +=
                count * (static_cast<double>(f.real()) * g.real() + static_cast<double>(f.imag()) * g.imag());
            power[at] += count * std::norm(std::complex<double>(g));
        });
    std::vector<double> amplitude(width);
    for (std::size_t s = 0; s < width; s++) {
        double top = 0, bottom = 0;
        for (std::size_t z = 0; z < planes; z++)
            top += product[z * width + s], bottom += power[z * width + s];
        amplitude[s] = bottom > 0 ? top / bottom : 0;
    }
    return amplitude;
}

}  // namespace tumble
