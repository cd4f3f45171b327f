#include "benchmarks/relion_benchmark.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <limits>
#include <numbers>

#include "benchmarks/peer_program.hpp"
#include "benchmarks/search_scene.hpp"
#include "benchmarks/timing.hpp"
#include "core/random.hpp"
#include "fourier/central_slice.hpp"
#include "fourier/density_compensation.hpp"
#include "fourier/fft.hpp"
#include "fourier/half_spectrum.hpp"
#include "fourier/insertion.hpp"
#include "io/mrc.hpp"

namespace tumble::benchmark {
namespace {

namespace fs = std::filesystem;
constexpr int box = 160, crop = 96, support = 72;

/// Map of the test particle: Gaussian atoms of one voxel's standard deviation.
Volume particle(int side) {
    Volume map(side, 1);
    for (const Vec3 atom : scene_atoms(1)) {
        const auto near = [](double v) { return static_cast<int>(std::lround(v)); };
        for (int z = near(atom.z) - 4; z <= near(atom.z) + 4; z++)
            for (int y = near(atom.y) - 4; y <= near(atom.y) + 4; y++)
                for (int x = near(atom.x) - 4; x <= near(atom.x) + 4; x++) {
                    const Vec3 d = Vec3{x * 1.0, y * 1.0, z * 1.0} - atom;
                    map.at(x + side / 2, y + side / 2, z + side / 2) +=
                        static_cast<float>(std::exp(-0.5 * dot(d, d)));
                }
    }
    return map;
}

std::vector<EulerAngles> random_angles(int count) {
    RandomStream random(7, 0, RandomPurpose::structure);
    std::vector<EulerAngles> out;
    for (int i = 0; i < count; i++)
        out.push_back({360 * random.uniform() - 180,
                       180 / std::numbers::pi * std::acos(2 * random.uniform() - 1),
                       360 * random.uniform() - 180});
    return out;
}

void write_views(const fs::path& path, const std::vector<EulerAngles>& angles, int count) {
    std::ofstream file(path);
    file << "data_optics\n\nloop_\n_rlnOpticsGroup #1\n_rlnOpticsGroupName #2\n_rlnImagePixelSize "
            "#3\n_rlnImageSize #4\n"
            "_rlnImageDimensionality #5\n_rlnVoltage #6\n_rlnSphericalAberration #7\n_rlnAmplitudeContrast "
            "#8\n"
         << fmt::format("1 optics1 1.0 {} 2 300.0 2.7 0.1\n\n", box)
         << "data_particles\n\nloop_\n_rlnImageName #1\n_rlnOpticsGroup #2\n_rlnAngleRot #3\n_rlnAngleTilt "
            "#4\n"
            "_rlnAnglePsi #5\n_rlnOriginXAngst #6\n_rlnOriginYAngst #7\n";
    for (int i = 0; i < count; i++) {
        const EulerAngles& a = angles[static_cast<std::size_t>(i)];
        file << fmt::format("{:06}@images.mrcs 1 {:.6f} {:.6f} {:.6f} 0 0\n", i + 1, a.rot_deg, a.tilt_deg,
                            a.psi_deg);
    }
}

/// Points of a half spectrum of side `side` in the order of Fft2D.
std::vector<FrequencyPoint> spectrum_points(int side) {
    std::vector<FrequencyPoint> points;
    for (int y = 0; y < side; y++)
        for (int x = 0; x <= side / 2; x++)
            points.push_back({static_cast<float>(x) / static_cast<float>(side),
                              static_cast<float>(signed_frequency(y, side)) / static_cast<float>(side)});
    return points;
}

/// Sign that moves the origin from element 0 to the centre: element (x, y) times (-1)^(x + y).
void move_origin(Complexf* transform, int side) {
    for (int y = 0; y < side; y++)
        for (int x = 0; x <= side / 2; x++)
            if ((x + y) % 2) transform[y * (side / 2 + 1) + x] *= -1.0f;
}

class RelionBench {
  public:
    explicit RelionBench(bool quick)
        : few_(quick ? 40 : 100), many_(quick ? 340 : 1100), angles_(random_angles(many_)) {
        for (const EulerAngles& a : angles_) rotations_.push_back(to_float(rotation_from_euler(a)));
        write_map(folder_.path() / "map.mrc", particle(box), "benchmark");
        write_views(folder_.path() / "few.star", angles_, few_);
        write_views(folder_.path() / "many.star", angles_, many_);
    }

    std::vector<BenchmarkRatio> run() {
        project(many_);  // the images of the reconstruction, too
        fs::copy_file(folder_.path() / "ours.mrcs", folder_.path() / "images.mrcs");
        const BenchmarkRatio slices = slice_row();
        return {insert_row(), slices};
    }

  private:
    // Projections of the 72^3 map as images of 160 px, written to ours.mrcs.
    void project(int count) {
        const PaddedTransform transform =
            padded_transform(particle(support).view(), default_window(), 1.333, one_);
        const auto points = spectrum_points(box);
        const Fft2D fft(box, box);
        MrcWriter file(folder_.path() / "ours.mrcs", box, box, 1, MrcKind::stack, "benchmark");
        std::vector<Complexf> slice(points.size());
        std::vector<float> image(box * box);
        for (int i = 0; i < count; i++) {
            sample_slices(transform, std::span(rotations_).subspan(static_cast<std::size_t>(i), 1), points,
                          slice.data(), one_);
            move_origin(slice.data(), box);
            fft.inverse(slice.data(), image.data());
            for (float& v : image) v /= box * box;
            file.write_images(image.data(), 1);
        }
        file.commit();
    }

    // Reads, crops to 96 px, transforms, and inserts data and weights with a window of four taps.
    void insert(int count) {
        MrcReader file(folder_.path() / "images.mrcs");
        const auto points = spectrum_points(crop);
        const Fft2D fft(crop, crop);
        std::vector<float> image(box * box), inner(crop * crop);
        std::vector<Complexf> values(static_cast<std::size_t>(count) * points.size());
        for (int i = 0; i < count; i++) {
            file.read_images(i, 1, image.data());
            constexpr int edge = (box - crop) / 2;
            for (int y = 0; y < crop; y++)
                std::copy_n(image.data() + (y + edge) * box + edge, crop, inner.data() + y * crop);
            Complexf* out = values.data() + static_cast<std::size_t>(i) * points.size();
            fft.forward(inner.data(), out);
            move_origin(out, crop);
        }
        const std::vector<float> point_weights(points.size(), 1.0f),
            image_weights(static_cast<std::size_t>(count), 1.0f);
        accumulate({std::span(rotations_).first(static_cast<std::size_t>(count)), points, values.data(),
                    point_weights, image_weights},
                   support, {4, 1.333}, 1.333, one_);
    }

    struct PerImage {
        double ours, theirs;  ///< ms
    };
    template <class Ours>
    PerImage per_image(const Ours& ours, const std::string& theirs) {
        double failed = 0;
        const auto command = [&](const std::string& views) {
            const double t = command_seconds(folder_.path(), fmt::format(fmt::runtime(theirs), views));
            if (t < 0) failed = std::numeric_limits<double>::quiet_NaN();
            return t;
        };
        std::vector<double> mine, other;
        for (int repeat = 0; repeat < 3; repeat++) {
            const auto t = median_times(1, {[&] { ours(few_); }, [&] { ours(many_); }});
            mine.push_back(t[1] - t[0]);
            const double short_run = command("few.star");
            other.push_back(command("many.star") - short_run);
        }
        std::sort(mine.begin(), mine.end());
        std::sort(other.begin(), other.end());
        return {1e3 * mine[1] / (many_ - few_), 1e3 * other[1] / (many_ - few_) + failed};
    }

    BenchmarkRatio insert_row() {
        const char* wanted = "<= 0.4";
        if (!program_found("relion_reconstruct"))
            return skipped("insert_vs_relion", wanted, "relion_reconstruct");
        const PerImage t = per_image([&](int count) { insert(count); },
                                     "relion_reconstruct --i {} --o map_out.mrc --pad 2 --iter 0 --angpix 1");
        return {"insert_vs_relion", t.ours / t.theirs, wanted,
                fmt::format("{:.2f} ms an image of 160 px, read, cropped to 96 px, transformed, data and "
                            "weights inserted "
                            "with width 4; relion_reconstruct {:.2f} ms",
                            t.ours, t.theirs)};
    }

    // Relative error of images against exact slices, over the disc below 0.45 cycles per pixel.
    double image_error(const fs::path& path, const std::vector<Complexf>& exact, int count) {
        MrcReader file(path);
        const auto points = spectrum_points(box);
        const Fft2D fft(box, box);
        std::vector<float> image(box * box);
        std::vector<Complexf> found(points.size());
        double ab = 0, aa = 0, bb = 0;
        for (int i = 0; i < count; i++) {
            file.read_images(i, 1, image.data());
            fft.forward(image.data(), found.data());
            move_origin(found.data(), box);
            for (std::size_t p = 0; p < points.size(); p++) {
                if (std::hypot(points[p].x, points[p].y) > 0.45) continue;
                const std::complex<double> a = found[p],
                                           b = exact[static_cast<std::size_t>(i) * points.size() + p];
                ab += a.real() * b.real() + a.imag() * b.imag();
                aa += std::norm(a);
                bb += std::norm(b);
            }
        }
        return std::sqrt(std::max(0.0, 1 - ab * ab / (aa * bb)));
    }

    BenchmarkRatio slice_row() {
        const char* wanted = "<= 0.6";
        if (!program_found("relion_project")) return skipped("slice_vs_relion", wanted, "relion_project");
        const PerImage t = per_image([&](int count) { project(count); },
                                     "relion_project --i map.mrc --ang {} --o theirs --pad 2 --angpix 1");
        constexpr int checked = 20;
        const auto points = spectrum_points(box);
        std::vector<Complexf> exact(checked * points.size());
        sample_slices(padded_transform(particle(support).view(), {8, 2}, 2, one_),
                      std::span(rotations_).first(checked), points, exact.data(), one_);
        const double ours = image_error(folder_.path() / "ours.mrcs", exact, checked);
        const double theirs =
            std::isnan(t.theirs) ? t.theirs : image_error(folder_.path() / "theirs.mrcs", exact, checked);
        return {"slice_vs_relion", t.ours / t.theirs, wanted,
                fmt::format("{:.2f} ms a projection of 160 px, transformed back and written; relion_project "
                            "{:.2f} ms; errors "
                            "{:.1e} and {:.1e}",
                            t.ours, t.theirs, ours, theirs)};
    }

    static BenchmarkRatio skipped(const std::string& name, const std::string& wanted,
                                  const std::string& program) {
        return {name, std::numeric_limits<double>::quiet_NaN(), wanted,
                "skipped: " + program + " is not on the PATH"};
    }

    int few_, many_;
    ThreadPool one_{1};
    std::vector<EulerAngles> angles_;
    std::vector<Mat3f> rotations_;
    ScratchFolder folder_;
};

}  // namespace

std::vector<BenchmarkRatio> relion_benchmark(bool quick) {
    return RelionBench(quick).run();
}

}  // namespace tumble::benchmark
