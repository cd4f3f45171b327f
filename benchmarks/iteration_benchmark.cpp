#include "benchmarks/iteration_benchmark.hpp"

#include <fmt/format.h>

#include <cmath>
#include <numbers>

#include "benchmarks/search_scene.hpp"
#include "benchmarks/timing.hpp"
#include "benchmarks/views.hpp"
#include "core/random.hpp"
#include "fourier/central_slice.hpp"
#include "pose/exhaustive_search.hpp"
#include "pose/orientation_grid.hpp"
#include "reconstruct/search_panels.hpp"

namespace tumble::benchmark {
namespace {

constexpr int support = 72, crop = 96;
constexpr std::int64_t all_images = 1000, all_views = 20000;

// The rings and angles that the program takes for this particle, from ring 19 of 80 on.
PolarGrid grid_of_the_program() {
    PreparedImages images;
    images.pixel_size_A = 0.358;
    images.particle_radius_A = scene_radius_px * images.pixel_size_A - 2.5;  // the basis reaches 2.5 A farther
    images.mask_radius_A = support / 2 * images.pixel_size_A;
    SearchScope scope;
    scope.low_per_A = 19 / 160.0 / images.pixel_size_A;
    scope.high_per_A = 0.5 / images.pixel_size_A;
    return search_grid(images, scope);
}

Volume atoms_in_box() {
    Volume map(support, 1);
    for (const Vec3 atom : scene_atoms(1))
        map.at(static_cast<int>(std::lround(atom.x)) + support / 2,
               static_cast<int>(std::lround(atom.y)) + support / 2,
               static_cast<int>(std::lround(atom.z)) + support / 2) += 1;
    return map;
}

struct Time {
    double wall = 0, processor = 0;
};
template <class Work>
Time time_of(const Work& work) {
    const double wall = wall_seconds(), processor = process_seconds();
    work();
    return {wall_seconds() - wall, process_seconds() - processor};
}
Time operator*(double factor, Time t) {
    return {factor * t.wall, factor * t.processor};
}

class Iteration {
  public:
    explicit Iteration(bool quick)
        : share_(quick ? 0.1 : 1.0),
          images_(static_cast<std::int64_t>(share_ * all_images)),
          directions_(static_cast<std::int64_t>(share_ * all_views / 2)),
          grid_(grid_of_the_program()),
          basis_(angular_basis(grid_, scene_radius_px, 1e-4)) {
        for (const double k : grid_.rings) weights_.push_back(static_cast<float>(k));
    }

    std::vector<BenchmarkRatio> run() {
        const Time slices = (1 / share_) * make_directions();
        make_images();
        const Time search = (1 / share_ / share_) * search_images(images_, {{0, 0}});
        const std::int64_t few = std::max<std::int64_t>(1, images_ / 10);
        std::vector<Vec2> shifts = shift_grid(2, 0.68);
        shifts.resize(26);
        const Time shifted = (static_cast<double>(all_images) / static_cast<double>(few) / share_) *
                             search_images(few, shifts);
        NormalEquations equations;
        const Views views = random_views(crop, static_cast<int>(all_images));
        const Time insertion =
            time_of([&] { equations = accumulate(views.view(), support, default_window(), 1.333, pool_); });
        const Time gradients = time_of([&] {
            SolveOptions options;
            options.tolerance = 0;
            solve(equations, options, pool_);
        });
        return {row("iteration_cpu", "<= 4 s", slices, search, insertion, gradients),
                row("iteration_cpu_26_shifts", "<= 30 s", slices, shifted, insertion, gradients), memory()};
    }

  private:
    // What two quiet cores would take: half the processor time. Wall time beside it.
    BenchmarkRatio row(const char* name, const char* wanted, Time slices, Time search, Time insertion,
                       Time gradients) {
        const double sum =
            (slices.processor + search.processor + insertion.processor + gradients.processor) / 2;
        return {
            name, sum, wanted,
            fmt::format(
                "processor seconds / 2: slices {:.2f}, search {:.2f}, insertion {:.2f}, 20 steps {:.2f}; "
                "wall "
                "time {:.2f} + {:.2f} + {:.2f} + {:.2f} s{}",
                slices.processor / 2, search.processor / 2, insertion.processor / 2, gradients.processor / 2,
                slices.wall, search.wall, insertion.wall, gradients.wall,
                share_ < 1 ? "; search and slices scaled from a tenth of the images and directions" : "")};
    }

    Time make_directions() {
        std::vector<Mat3f> rotations;
        for (const Mat3& r : half_sphere_directions(directions_)) rotations.push_back(to_float(r));
        const Volume map = atoms_in_box();
        return time_of([&] {
            const PaddedTransform transform = padded_transform(map.view(), default_window(), 1.333, pool_);
            const auto points = grid_.points();
            std::vector<Complexf> slices(rotations.size() * points.size());
            sample_slices(transform, rotations, points, slices.data(), pool_);
            panel_ = pack_directions(grid_, basis_, weights_, slices, pool_);
        });
    }

    // Slices of the same map at random orientations, with noise as strong as the signal.
    void make_images() {
        const auto points = grid_.points();
        const Views views = random_views(crop, static_cast<int>(images_));
        samples_.resize(views.rotations.size() * points.size());
        sample_slices(padded_transform(atoms_in_box().view(), default_window(), 1.333, pool_),
                      views.rotations, points, samples_.data(), pool_);
        double power = 0;
        for (const Complexf v : samples_) power += std::norm(v);
        const double each = std::sqrt(power / static_cast<double>(samples_.size()) / 2);
        const auto size = static_cast<std::int64_t>(points.size());
        pool_.run(images_, [&](std::int64_t begin, std::int64_t end, int) {
            for (auto i = begin; i < end; i++) {
                RandomStream random(5, static_cast<std::uint32_t>(i), RandomPurpose::noise);
                for (auto s = i * size; s < (i + 1) * size; s++)
                    samples_[static_cast<std::size_t>(s)] +=
                        Complexf(static_cast<float>(each * random.normal()),
                                 static_cast<float>(each * random.normal()));
            }
        });
    }

    Time search_images(std::int64_t images, const std::vector<Vec2>& shifts) {
        return time_of([&] {
            constexpr std::int64_t batch = 64;
            for (std::int64_t first = 0; first < images; first += batch) {
                std::vector<std::int64_t> image, first_row{0};
                std::vector<Vec2> shift;
                for (auto i = first; i < std::min(images, first + batch); i++) {
                    for (const Vec2 s : shifts) image.push_back(i), shift.push_back(s);
                    first_row.push_back(static_cast<std::int64_t>(image.size()));
                }
                const RowPanel rows = pack_rows(grid_, basis_, weights_, samples_, image, shift, pool_);
                exhaustive_search(basis_, panel_, {rows, first_row, first}, {}, {}, pool_);
            }
        });
    }

    // Counted, for 10,000 images: what the program holds at its two peaks, packing the directions and
    // searching.
    BenchmarkRatio memory() {
        constexpr double images = 10000, directions = 10000, shifts = 26, batch = 32, gigabyte = 1e9;
        const double polar = 8.0 * static_cast<double>(grid_.points().size());
        const double packed = 8.0 * basis_.total_rank();
        const double prepared = images * (4.0 * crop * crop + 8.0 * std::numbers::pi / 8 * crop * crop);
        const double packing = directions * (polar + packed);
        const double searching =
            directions * packed + images * polar + batch * shifts * (packed + 4 * 2 * directions);
        return {
            "memory_cpu", (prepared + std::max(packing, searching)) / gigabyte, "<= 2 GB",
            fmt::format("counted: prepared images {:.2f}, then slices and panel {:.2f} or panel, polar "
                        "images and batch "
                        "{:.2f} GB; 10,000 images, 20,000 directions, rank {}",
                        prepared / gigabyte, packing / gigabyte, searching / gigabyte, basis_.total_rank())};
    }

    double share_;
    std::int64_t images_, directions_;
    ThreadPool pool_{2};
    PolarGrid grid_;
    AngularBasis basis_;
    std::vector<float> weights_;
    DirectionPanel panel_;
    std::vector<Complexf> samples_;
};

}  // namespace

std::vector<BenchmarkRatio> iteration_benchmark(bool quick) {
    return Iteration(quick).run();
}

}  // namespace tumble::benchmark
