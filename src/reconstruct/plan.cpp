// Box, memory and time of a run, counted from the shape of its input before it starts. Declared in
// include/tumble/reconstruct.hpp.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "backend/cpu_operations.hpp"
#include "backend/loader.hpp"
#include "backend/several_devices.hpp"
#include "core/threads.hpp"
#include "io/element.hpp"
#include "pose/image_preparation.hpp"
#include "pose/orientation_grid.hpp"
#include "pose/preparation_tables.hpp"
#include "reconstruct/checked_options.hpp"
#include "reconstruct/global_search.hpp"
#include "reconstruct/run_device.hpp"
#include "reconstruct/working_bands.hpp"
#include "tumble/reconstruct.hpp"

namespace tumble {
namespace {

constexpr double assumed_diameter = 0.6;     // of the images' side, where the diameter is not given
constexpr double program_bytes = 40e6;       // code, libraries, FFT plans
constexpr double folds_alive = 6;            // normal equations held at once during a round
constexpr double accumulate_bytes = 190;     // per voxel of the box: padded grids of the kernel while images are inserted
constexpr double solver_bytes = 50;          // per voxel of the box: spectra of the doubled box
constexpr double search_batch_images = 32;
constexpr double map_padding = 1.333;        // of the grids (map_estimate.cpp)
constexpr double basis_tolerance = 1e-4;     // of the angular basis (search_panels.cpp)

// Work per second of one thread, measured on a 2.5 GHz AVX-512 core with the bundled sample and the sets of 1,000 images.
constexpr double prepared_pixels_per_s = 2.5e7;
constexpr double search_angles_per_s = 6e8;       // scores of one direction at one in-plane angle
constexpr double polished_samples_per_s = 2e7;  // samples of a slice with its derivatives
constexpr double solved_voxels_per_s = 6e6;       // voxels of the box in one step of the solver
constexpr double inserted_samples_per_s = 1.5e7;
constexpr double atom_samples_per_s = 4e8;        // samples of one atom's wave in one image

/// Everything that memory and time are counted from.
struct Counts {
    double images = 0, pixels = 0;  // of one image
    std::int64_t side = 0;
    double mask_radius_A = 0;
    double box = 0, samples = 0;    // of one prepared image
    double atoms = 0;
    double directions = 0, shifts = 0, angles = 0, polar_samples = 0;  // of the search; 0 where there is none
    PolarGrid grid;
    double particle_radius_px = 0;
    bool search = false, blind = false, halves = false;
    double voxels() const { return box * box * box; }
};

Counts count(std::int64_t images, std::int64_t side, const ReconstructOptions& options) {
    const double diameter_A =
        options.diameter_A > 0 ? options.diameter_A : assumed_diameter * static_cast<double>(side) * options.pixel_size_A;
    const WorkingBox working = working_box(0.5 * diameter_A, options.pixel_size_A, static_cast<int>(side));
    const double neighbours = find_element(options.elements.front()).nearest_neighbour_A;
    Counts c;
    c.images = static_cast<double>(images);
    c.pixels = static_cast<double>(side * side);
    c.side = side;
    c.mask_radius_A = working.mask_radius_A;
    c.box = working.box;
    c.samples = std::numbers::pi / 8 * c.box * c.box;
    c.particle_radius_px = 0.5 * diameter_A / options.pixel_size_A;
    // A close-packed crystal has one atom in neighbours^3 / sqrt(2).
    c.atoms = std::numbers::pi / 6 * std::pow(diameter_A / neighbours, 3) * std::numbers::sqrt2;
    c.search = options.poses.empty();
    c.blind = c.search && !options.reference;
    c.halves = c.search || options.polish;
    if (!c.search) return c;
    PreparedImages sizes;
    sizes.box = working.box;
    sizes.pixel_size_A = options.pixel_size_A;
    sizes.particle_radius_A = 0.5 * diameter_A;
    sizes.mask_radius_A = working.mask_radius_A;
    const WorkingBands bands = working_bands(neighbours, options.pixel_size_A, options.max_resolution_A);
    GlobalSearchOptions search;
    search.low_per_A = bands.search_low;
    search.high_per_A = bands.search_high;
    c.grid = search_grid(sizes, search);
    c.angles = c.grid.angles;
    c.polar_samples = static_cast<double>(c.grid.rings.size()) * c.grid.half();
    c.directions = static_cast<double>(search_directions(sizes, search));
    c.shifts = static_cast<double>(shift_grid(search.shift_radius_A, search.shift_step_A).size());
    return c;
}

/// The largest of what the stages hold at once.
double memory_bytes(const Counts& c) {
    const double stack = 4 * c.images * c.pixels;
    const double prepared = c.images * (4 * c.box * c.box + 8 * c.samples);
    const double equations = 4 * (8 + 1) * c.voxels();
    const double search = 8 * c.polar_samples * (c.images + 2 * c.directions) +
                          search_batch_images * c.shifts * (8 * c.directions + 8 * c.polar_samples);
    const double maps = accumulate_bytes * c.voxels() + 8 * c.images * c.samples;
    const double rounds = c.search ? folds_alive * equations + maps : 0;
    const double atoms = 2 * 8 * std::pow(4 * c.atoms, 2);
    const double last = 3 * equations + std::max(maps, solver_bytes * c.voxels()) + atoms;
    return program_bytes + stack + std::max(stack + prepared, prepared + std::max({c.search ? search : 0, rounds, last}));
}

double search_seconds(const Counts& c) {
    // Seven rounds, three of them with a search of all orientations; a blind start has one search more and eight of 100 images.
    // Poses x steps an image: the lists of the searches, and in each round what carries weight.
    const double rounds = 7, searches = 3 + (c.blind ? 2 + 8 * 100 / c.images : 1);
    constexpr double listed_poses = 6 * 8, weighty_poses = 2 * 3 * 8, mates = 48;
    const double scores = searches * c.images * c.shifts * 2 * c.directions * c.angles / search_angles_per_s;
    const double polish = c.images * c.samples * (0.5 * searches * listed_poses + rounds * weighty_poses) / polished_samples_per_s;
    const double proposals = rounds * mates * 2 * c.images * c.samples / polished_samples_per_s;
    const double insertion = rounds * c.images * c.samples / inserted_samples_per_s;
    return scores + polish + proposals + insertion + rounds * 5 * 8 * c.voxels() / solved_voxels_per_s;
}
double half_seconds(const Counts& c) {
    const double polish = 2 * 3 * c.images * c.samples / polished_samples_per_s;
    const double atoms = 2 * 4 * c.images * c.samples * c.atoms / atom_samples_per_s;
    return polish + atoms + 2 * 2 * 10 * c.voxels() / solved_voxels_per_s;
}

/// Of all threads together.
double seconds(const Counts& c) {
    const double prepare = 2 * c.images * c.pixels / prepared_pixels_per_s;
    const double maps = 2 * c.images * c.samples / inserted_samples_per_s + 4 * 20 * c.voxels() / solved_voxels_per_s;
    const double atoms = 2 * 4 * c.images * c.samples * c.atoms / atom_samples_per_s;
    return prepare + maps + atoms + (c.search ? search_seconds(c) : 0) + (c.halves ? half_seconds(c) : 0);
}

std::string megabytes(double bytes) {
    return bytes < 1e9 ? fmt::format("{:.0f} MB", bytes / 1e6) : fmt::format("{:.1f} GB", bytes / 1e9);
}

std::string duration(double s) {
    return s < 100 ? fmt::format("{:.0f} s", std::max(1.0, s)) : fmt::format("{:.0f} min", s / 60);
}

std::string cost_of(const Counts& c, int threads, const std::string& device) {
    const std::string time = "time about " + duration(seconds(c) / threads);
    return "memory about " + megabytes(memory_bytes(c)) + ", " + (device == "cpu" ? time : time + " if the processor did it");
}

/// What a backend with a memory of its own counts with.
backend::RunSizes run_sizes(const Counts& c, double pixel_size_A) {
    // Poses and candidates an image, in the rounds of a search and where poses are given.
    const double poses = c.search ? 8 : 1, candidates = c.search ? 24 : 2;
    backend::RunSizes sizes{};
    const auto whole = [](double x) { return static_cast<std::int64_t>(std::ceil(x)); };
    sizes.images = whole(c.images);
    sizes.height = sizes.width = c.side;
    if (measures_noise(noise_window(c.side, c.side, c.mask_radius_A, pixel_size_A))) {
        const std::vector<int> shells = noise_shells(c.side, c.side);
        sizes.noise_frequencies = std::count_if(shells.begin(), shells.end(), [](int shell) { return shell >= 0; });
    }
    sizes.points = whole(c.samples);
    sizes.box = whole(c.box);
    sizes.padding_factor = map_padding;
    sizes.window_width = default_window().width;
    sizes.poses = whole(c.images * poses);
    sizes.candidates = whole(c.images * candidates);
    // Of the rounds: three folds while the last one is inserted; three, all and all but one while a map is made without it.
    sizes.insertion_beside = c.search ? 3 : 1;
    sizes.solution_beside = c.search ? 5 : 2;
    sizes.transforms = c.search ? 4 : 1;
    if (!c.search) return sizes;
    const AngularBasis basis = angular_basis(c.grid, c.particle_radius_px + 2.5 / pixel_size_A, basis_tolerance);
    sizes.rings = static_cast<std::int64_t>(c.grid.rings.size());
    sizes.angles = c.grid.angles;
    sizes.orders = static_cast<std::int64_t>(basis.rank.size());
    for (const int rank : basis.rank) sizes.harmonics += rank;
    sizes.directions = whole(c.directions);
    sizes.images_a_batch = std::min(whole(search_batch_images), sizes.images);
    sizes.rows = sizes.images_a_batch * whole(c.shifts);
    return sizes;
}

/// What the run takes of a device with a memory of its own; nothing of the CPU's.
struct DevicePlan {
    backend::RunSizes sizes{};
    backend::RunPlan plan{};
};
DevicePlan device_plan(const backend::Choice& choice, const Counts& c, const ReconstructOptions& options) {
    DevicePlan out;
    if (choice.table == &backend::cpu_operations()) return out;
    out.sizes = run_sizes(c, options.pixel_size_A);
    if (choice.table->plan_run(choice.device, &out.sizes, &out.plan) != backend::status_good) out.plan = {};
    return out;
}

std::string name_of(const backend::Choice& choice) {
    return backend::device_name(*choice.table, choice.device);
}

backend::Choice device_of_run(const Counts& c, const ReconstructOptions& options) {
    const backend::Choice choice = backend::choose_backend(options.device);
    if (options.device != "auto") return choice;
    const std::string shortage = device_plan(choice, c, options).plan.shortage;
    if (shortage.empty()) return choice;
    backend::Choice cpu = backend::choose_backend("cpu");
    cpu.reason += fmt::format("; {}: {}", name_of(choice), shortage);
    return cpu;
}

/// Throws Error(input) where the run does not fit the device; where the size of the particle is a guess, that is said and no
/// more.
std::vector<std::string> device_lines(const backend::Choice& choice, const Counts& c, const ReconstructOptions& options) {
    const auto [sizes, plan] = device_plan(choice, c, options);
    if (plan.peak_bytes == 0) return {};
    const std::string device = name_of(choice), shortage = plan.shortage;
    if (!shortage.empty() && options.diameter_A > 0) throw bad_input(fmt::format("device {}: {}", device, shortage));
    const char* each = device.find(',') == device.npos ? "" : " on each of them";
    const auto bytes = [](std::uint64_t count) { return megabytes(static_cast<double>(count)); };
    std::vector<std::string> lines{fmt::format("plan: {} needs about {} of {} free{}: images {}, normal equations {}, transforms of maps {}, search {}, "
                                               "the rest at work",
                                               device, bytes(plan.peak_bytes), bytes(plan.free_bytes), each, bytes(plan.images_bytes),
                                               bytes(plan.equations_bytes), bytes(plan.transforms_bytes), bytes(plan.search_bytes))};
    lines.push_back(sizes.directions > 0
                        ? fmt::format("plan: {} takes {} poses, {} directions, {} rows and {} candidates at a time", device, plan.poses_at_once,
                                      plan.directions_at_once, plan.rows_at_once, plan.candidates_at_once)
                        : fmt::format("plan: {} takes {} poses and {} candidates at a time", device, plan.poses_at_once, plan.candidates_at_once));
    if (shortage.empty() && plan.peak_bytes > plan.free_bytes)
        lines.push_back(fmt::format("plan: {} may be too small for the work areas of its transforms", device));
    if (!shortage.empty()) lines.push_back(fmt::format("plan: {} may be too small: {}", device, shortage));
    return lines;
}

}  // namespace

backend::Choice device_of_run(std::int64_t images, std::int64_t side, const ReconstructOptions& options) {
    return device_of_run(count(images, side, options), options);
}

ReconstructPlan plan_reconstruction(std::int64_t images, std::int64_t height, std::int64_t width,
                                    const ReconstructOptions& options) {
    check_options(images, height, width, options);
    const Counts c = count(images, width, options);
    const int threads = ThreadPool(options.threads).size();
    ReconstructPlan plan;
    plan.box = static_cast<int>(c.box);
    plan.memory_bytes = static_cast<std::uint64_t>(memory_bytes(c));
    plan.time_s = seconds(c) / threads;
    const backend::Choice choice = device_of_run(c, options);
    plan.device = choice.table->name;
    plan.lines.push_back(fmt::format("plan: {} images in a working box of {} px{}, {} threads", images, plan.box,
                                     options.diameter_A > 0 ? "" : " (estimate, the diameter is not given)", threads));
    plan.lines.push_back("plan: on " + choice.reason);
    if (c.search)
        plan.lines.push_back(fmt::format("plan: search of {:.0f} directions, {:.0f} in-plane angles, {:.0f} shifts an image",
                                         2 * c.directions, c.angles, c.shifts));
    for (auto& line : device_lines(choice, c, options)) plan.lines.push_back(std::move(line));
    plan.lines.push_back("plan: " + cost_of(c, threads, plan.device));
    return plan;
}

std::string run_cost(std::int64_t images, std::int64_t side, const ReconstructOptions& options, int threads, const std::string& device) {
    return cost_of(count(images, side, options), threads, device);
}

}  // namespace tumble
