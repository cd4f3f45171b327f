// RELION's projector and reconstruction against ours, with exact Gaussian atoms as the truth of both.
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "core/units.hpp"
#include "fourier/central_slice.hpp"
#include "fourier/density_compensation.hpp"
#include "fourier/fft.hpp"
#include "fourier/half_spectrum.hpp"
#include "gaussian_atoms.hpp"

using namespace tumble;
using namespace tumble::test;
namespace fs = std::filesystem;

namespace {

constexpr int box = 64;
constexpr double limit = 0.4;  // 0.8 Nyquist
constexpr double wanted = 0.999;

/// MRC file of mode 2 with the few header fields that RELION reads; its own writer, so that a fault of the
/// library's cannot hide here.
void write_mrc(const fs::path& path, const std::vector<float>& values, int sections, bool stack) {
    std::int32_t header[256] = {};
    header[0] = header[1] = header[7] = header[8] = box;
    header[2] = header[9] = sections;
    header[3] = 2;
    const float cell[6] = {box, box, static_cast<float>(sections), 90, 90, 90};
    std::memcpy(header + 10, cell, sizeof cell);
    for (int axis = 0; axis < 3; axis++) header[16 + axis] = axis + 1;
    header[22] = stack ? 0 : 1;
    std::memcpy(header + 52, "MAP ", 4);
    header[53] = 0x00004144;
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(header), sizeof header);
    file.write(reinterpret_cast<const char*>(values.data()),
               static_cast<std::streamsize>(values.size() * sizeof(float)));
}

std::vector<float> read_mrc(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::int32_t header[256] = {};
    file.read(reinterpret_cast<char*>(header), sizeof header);
    if (!file || header[3] != 2 || header[0] != box) return {};
    file.seekg(1024 + header[23]);
    std::vector<float> values(static_cast<std::size_t>(header[0]) * static_cast<std::size_t>(header[1]) *
                              static_cast<std::size_t>(header[2]));
    file.read(reinterpret_cast<char*>(values.data()),
              static_cast<std::streamsize>(values.size() * sizeof(float)));
    return file ? values : std::vector<float>{};
}

void write_star(const fs::path& path, const std::vector<EulerAngles>& angles,
                const std::vector<Vec2>& shifts) {
    std::ofstream file(path);
    file << "data_optics\n\nloop_\n_rlnOpticsGroup #1\n_rlnOpticsGroupName #2\n_rlnImagePixelSize "
            "#3\n_rlnImageSize #4\n"
            "_rlnImageDimensionality #5\n_rlnVoltage #6\n_rlnSphericalAberration #7\n_rlnAmplitudeContrast "
            "#8\n"
         << fmt::format("1 optics1 1.0 {} 2 300.0 2.7 0.1\n\n", box)
         << "data_particles\n\nloop_\n_rlnImageName #1\n_rlnOpticsGroup #2\n_rlnAngleRot #3\n_rlnAngleTilt "
            "#4\n"
            "_rlnAnglePsi #5\n_rlnOriginXAngst #6\n_rlnOriginYAngst #7\n";
    for (std::size_t i = 0; i < angles.size(); i++)
        file << fmt::format("{:06}@images.mrcs 1 {:.6f} {:.6f} {:.6f} {:.6f} {:.6f}\n", i + 1,
                            angles[i].rot_deg, angles[i].tilt_deg, angles[i].psi_deg, -shifts[i].x,
                            -shifts[i].y);
}

bool run(const fs::path& folder, const std::string& command) {
    return std::system(fmt::format("cd '{}' && {} > log.txt 2>&1", folder.string(), command).c_str()) == 0;
}

/// Views of one set of atoms: angles, shifts, and the points of the half plane in the order of a 2D
/// transform.
struct Views {
    std::vector<EulerAngles> angles;
    std::vector<Vec2> shifts;
    std::vector<Mat3f> rotations;
    std::vector<FrequencyPoint> points;
    std::vector<Complexf> exact;  ///< [view][point], not shifted
};

Views random_views(const GaussianAtoms& atoms, int count) {
    Views views;
    RandomStream random(81, 0, RandomPurpose::test);
    for (int y = 0; y < box; y++)
        for (int x = 0; x <= box / 2; x++)
            views.points.push_back(
                {static_cast<float>(x) / box, static_cast<float>(signed_frequency(y, box)) / box});
    for (int i = 0; i < count; i++) {
        views.angles.push_back({360 * random.uniform() - 180, degrees(std::acos(2 * random.uniform() - 1)),
                                360 * random.uniform() - 180});
        views.shifts.push_back({3 * random.uniform() - 1.5, 3 * random.uniform() - 1.5});
        const Mat3 rotation = rotation_from_euler(views.angles.back());
        views.rotations.push_back(to_float(rotation));
        for (const FrequencyPoint p : views.points)
            views.exact.push_back(
                std::hypot(p.x, p.y) <= 0.5 ? Complexf(atoms.transform(in_space(rotation, p))) : Complexf{});
    }
    return views;
}

// Phase that takes a transform centred on the origin to one centred on pixel box/2, moved by the view's
// shift.
Complexf placing_phase(FrequencyPoint p, Vec2 shift) {
    return Complexf(
        std::polar(1.0, -2 * std::numbers::pi * (p.x * (shift.x + box / 2) + p.y * (shift.y + box / 2))));
}

struct Correlation {
    double ab = 0, aa = 0, bb = 0;
    void add(Complexf a, Complexf b) {
        ab += static_cast<double>(a.real()) * b.real() + static_cast<double>(a.imag()) * b.imag();
        aa += std::norm(std::complex<double>(a));
        bb += std::norm(std::complex<double>(b));
    }
    double value() const { return ab / std::sqrt(aa * bb); }
};

bool report(const char* what, double correlation) {
    fmt::print("{}: correlation {:.6f}, wanted >= {}\n", what, correlation, wanted);
    return correlation >= wanted;
}

bool projections_agree(const fs::path& folder, const GaussianAtoms& atoms) {
    const Volume map = atoms.map(box);
    const Views views = random_views(atoms, 40);
    write_mrc(folder / "map.mrc", map.values, box, false);
    write_star(folder / "views.star", views.angles, views.shifts);
    if (!run(folder, "relion_project --i map.mrc --ang views.star --o projected --pad 2 --angpix 1"))
        return false;
    const std::vector<float> images = read_mrc(folder / "projected.mrcs");
    if (images.size() != views.rotations.size() * box * box) return false;

    ThreadPool pool(1);
    std::vector<Complexf> ours(views.exact.size()), theirs(views.points.size());
    sample_slices(padded_transform(map.view(), default_window(), 1.333, pool), views.rotations, views.points,
                  ours.data(), pool);
    const Fft2D fft(box, box);
    Correlation both, ours_exact, theirs_exact;
    for (std::size_t i = 0; i < views.rotations.size(); i++) {
        fft.forward(images.data() + i * box * box, theirs.data());
        for (std::size_t p = 0; p < views.points.size(); p++) {
            if (std::hypot(views.points[p].x, views.points[p].y) > limit) continue;
            const Complexf placed = placing_phase(views.points[p], views.shifts[i]);
            const std::size_t at = i * views.points.size() + p;
            both.add(ours[at] * placed, theirs[p]);
            ours_exact.add(ours[at], views.exact[at]);
            theirs_exact.add(theirs[p], views.exact[at] * placed);
        }
    }
    fmt::print("slices against the atoms themselves: ours {:.8f}, RELION's {:.8f}\n", ours_exact.value(),
               theirs_exact.value());
    return report("slices, ours and RELION's", both.value());
}

bool reconstructions_agree(const fs::path& folder, const GaussianAtoms& atoms) {
    const Views views = random_views(atoms, 400);
    const Fft2D fft(box, box);
    std::vector<float> images(views.rotations.size() * box * box);
    for (std::size_t i = 0; i < views.rotations.size(); i++) {
        std::vector<Complexf> transform(views.points.size());
        for (std::size_t p = 0; p < views.points.size(); p++)
            transform[p] = views.exact[i * views.points.size() + p] *
                           placing_phase(views.points[p], views.shifts[i]) / static_cast<float>(box * box);
        fft.inverse(transform.data(), images.data() + i * box * box);
    }
    write_mrc(folder / "images.mrcs", images, static_cast<int>(views.rotations.size()), true);
    write_star(folder / "images.star", views.angles, views.shifts);
    if (!run(folder, "relion_reconstruct --i images.star --o reconstructed.mrc --pad 2 --angpix 1"))
        return false;
    Volume theirs(box, 1);
    theirs.values = read_mrc(folder / "reconstructed.mrc");
    if (theirs.values.size() != theirs.view().size()) return false;

    // Each coefficient of the half plane once: both halves of column 0 are there, so that they count half.
    std::vector<float> point_weights, image_weights(views.rotations.size(), 1.0f);
    for (const FrequencyPoint p : views.points)
        point_weights.push_back(p.x == 0 || p.x == 0.5f ? 0.5f : 1.0f);
    ThreadPool pool(1);
    SolveOptions options;
    options.prior.assign(box / 2 + 1, 1e-6);
    const Volume ours =
        solve(accumulate({views.rotations, views.points, views.exact.data(), point_weights, image_weights},
                         box, default_window(), 1.333, pool),
              options, pool);
    const HalfSpectrum a = half_spectrum(ours.view()), b = half_spectrum(theirs.view()),
                       c = half_spectrum(atoms.map(box).view());
    Correlation both, ours_exact, theirs_exact;
    for_each_coefficient(box, pool, [&](std::size_t i, double radius) {
        if (radius == 0 || radius > limit * box) return;  // RELION leaves the mean out
        both.add(a.values[i], b.values[i]);
        ours_exact.add(a.values[i], c.values[i]);
        theirs_exact.add(b.values[i], c.values[i]);
    });
    fmt::print("maps against the atoms themselves: ours {:.8f}, RELION's {:.8f}\n", ours_exact.value(),
               theirs_exact.value());
    return report("maps, ours and RELION's", both.value());
}

}  // namespace

int main() {
    if (std::system("command -v relion_project relion_reconstruct > /dev/null 2>&1") != 0) {
        fmt::print("skipped: RELION is not installed\n");
        return 77;
    }
    std::string name = (fs::temp_directory_path() / "tumble_relion_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) {
        fmt::print("no temporary folder could be made\n");
        return 1;
    }
    const GaussianAtoms atoms = ball_of_atoms(90, 17, 82);
    const bool projections = projections_agree(name, atoms),
               reconstructions = reconstructions_agree(name, atoms);
    if (!projections || !reconstructions) fmt::print("FAILED; RELION's last output is {}/log.txt\n", name);
    if (projections && reconstructions) fs::remove_all(name);
    return projections && reconstructions ? 0 : 1;
}
