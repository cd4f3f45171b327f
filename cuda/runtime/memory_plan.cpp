#include "runtime/memory_plan.hpp"

#include <cmath>
#include <cstring>

#include "fourier/central_slice.hpp"  // padded_side
#include "fourier/fft.hpp"            // next_fast_size
#include "fourier/window_taps.hpp"

namespace tumble::cuda {
namespace {

constexpr std::int64_t most_int64 = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t float_bytes = 4, complex_bytes = 8, fixed_point_bytes = 8, rotation_bytes = 36;
constexpr std::int64_t placement_bytes = 48, sorted_sample_bytes = 40;  // of an inserted pose and of one of its samples
constexpr std::int64_t climb_bytes = 16, key_bytes = 8;
constexpr std::int64_t group_rows = 16, block_directions = 8, block_views = 2 * block_directions;
// Beyond these, more at a time is not faster: slices and scores that wait, and candidates of a launch.
constexpr Bytes most_slice_bytes = std::int64_t{256} << 20, most_score_bytes = std::int64_t{64} << 20;
constexpr Bytes most_sorted_bytes = (std::int64_t{1} << 23) * sorted_sample_bytes;
constexpr std::int64_t most_candidates_at_once = std::int64_t{1} << 18;
// Rows of a batch of hill climbing where images have views of their own: fewer images share fewer directions.
constexpr std::int64_t neighbourhood_batch = 32;
// Lists beyond this may need scratch memory behind them, with the offers of two rounds (kernels/choice.cu).
constexpr std::int64_t shared_keys = 48 * 1024 / key_bytes, offers_behind_list = 1024;
constexpr double polar_padding = 1.5;
constexpr std::int64_t most_polar_images = 64;  // of 144^2, with their transforms: they stay in the second-level cache
// Sides up to here have their fast size looked up; no grid is larger.
constexpr double largest_side = 1e6;

std::int64_t whole(Bytes bytes) {
    return bytes.count() > static_cast<std::uint64_t>(most_int64) ? most_int64 : static_cast<std::int64_t>(bytes.count());
}
std::int64_t not_negative(std::int64_t n) {
    return std::max<std::int64_t>(n, 0);
}
std::int64_t divided_up(std::int64_t n, std::int64_t by) {
    return n / by + (n % by != 0 ? 1 : 0);
}

Bytes cube(Bytes n) {
    return n * n * n;
}
/// Complex numbers of the half spectrum of n^3.
Bytes half_cube(std::int64_t n) {
    return Bytes(n) * n * (n / 2 + 1);
}
/// Cells of GridLayout (fourier/central_slice_element.hpp), and those of an axis that are its margins.
Bytes grid_margins(std::int64_t width) {
    return 2 * (std::clamp<std::int64_t>(width, 0, WindowTaps::lanes) / 2 + 1);
}
Bytes grid_cells(std::int64_t padded, std::int64_t width) {
    const Bytes margins = grid_margins(width), rows = Bytes(padded) + 1 + margins;
    return rows * rows * (Bytes(padded / 2) + 1 + margins + WindowTaps::lanes);
}
Bytes blocks_of(std::int64_t directions) {
    return divided_up(not_negative(directions), block_directions);
}

/// ceil(side * factor), or the next size that is fast to transform where there is one.
std::int64_t scaled_side(std::int64_t side, double factor) {
    const double scaled = std::ceil(static_cast<double>(not_negative(side)) * factor - 1e-6);
    if (scaled < largest_side) return next_fast_size(static_cast<int>(scaled));
    return scaled < 9e18 ? static_cast<std::int64_t>(scaled) : most_int64;
}

std::int64_t polar_images(std::int64_t padded) {
    const Bytes image = Bytes(padded) * padded * float_bytes + Bytes(padded) * (padded / 2 + 1) * complex_bytes;
    return std::clamp<std::int64_t>(whole(most_slice_bytes.count() / std::max<std::uint64_t>(image.count(), 1)), 1, most_polar_images);
}

}  // namespace

void require(const DeviceMemory& memory, Bytes least, const std::string& what) {
    if (least <= memory.all()) return;
    throw MemoryShortage("device memory of " + std::to_string(least.count()) + " bytes or more for " + what + " (" +
                         std::to_string(memory.all().count()) + " of " + std::to_string(memory.total_bytes) +
                         " free) cannot be had; fewer images, a smaller box or the device 'cpu' need less of it");
}

Cut cut(const DeviceMemory& memory, const Loop& loop) {
    Cut out;
    const std::int64_t items = not_negative(loop.items), step = std::max<std::int64_t>(loop.step, 1), smallest = std::min(step, items);
    const Bytes room = std::min(memory.room() - loop.fixed, loop.most);
    const std::int64_t fit = loop.item.count() == 0 ? items : whole(room.count() / loop.item.count());
    out.at_once = fit >= items ? items : std::max(smallest, fit / step * step);
    out.take.resident = 0;
    out.take.peak = loop.fixed + loop.item * out.at_once;
    out.take.least = loop.fixed + loop.item * smallest;
    return out;
}

std::int64_t padded_side_of(std::int64_t box, double padding_factor) {
    if (static_cast<double>(box) * padding_factor < largest_side) return padded_side(static_cast<int>(box), padding_factor);
    return scaled_side(box, padding_factor);
}

Take images_take(std::int64_t images, std::int64_t points, std::int64_t box) {
    const Bytes one = Bytes(points) * complex_bytes + Bytes(box) * box * float_bytes;
    const Bytes all = one * images + Bytes(points) * (complex_bytes + float_bytes);
    return {all, all, all};
}

Take transform_take(std::int64_t box, std::int64_t padded, std::int64_t window_width) {
    const Bytes values = grid_cells(padded, window_width) * complex_bytes, spectrum = half_cube(padded) * complex_bytes;
    const Bytes least = values + spectrum + (cube(box) + box + cube(padded)) * float_bytes;
    return {values, least + spectrum, least};
}

Take equations_take(std::int64_t box) {
    const Bytes all = (cube(box) + cube(Bytes(box) * 2)) * float_bytes;
    return {all, all, all};
}

Take solver_take(std::int64_t box, std::int64_t shells, bool masked) {
    constexpr std::int64_t sums = 2 * 256 + 6, maps_of_the_steps = 6;  // two sums at a time, and the scalars made of them
    const std::int64_t doubled = whole(Bytes(box) * 2);
    const Bytes voxels = cube(box) * float_bytes, doubled_voxels = cube(doubled) * float_bytes;
    const Bytes spectrum = half_cube(box) * complex_bytes, doubled_spectrum = half_cube(doubled) * complex_bytes;
    const Bytes factors = (half_cube(doubled) + half_cube(box) * (shells > 0 ? 2 : 1)) * float_bytes;
    const Bytes held = doubled_voxels + doubled_spectrum + spectrum + factors + (Bytes(shells) + sums) * float_bytes + (masked ? voxels : Bytes());
    const Bytes least = held + std::max(doubled_voxels, voxels * maps_of_the_steps);
    return {voxels, least + (spectrum + doubled_spectrum) * 2, least};
}

Take rows_take(std::int64_t rows, std::int64_t inner) {
    const Bytes operands = Bytes(divided_up(not_negative(rows), group_rows)) * group_rows * complex_bytes * inner;
    const Bytes all = operands + Bytes(rows) * 16;  // numbers of the images and shifts
    return {operands, all, all};
}

Cut slices_cut(const DeviceMemory& memory, std::int64_t rotations, std::int64_t points) {
    return cut(memory, {rotations, 1, Bytes(points) * complex_bytes, Bytes(points) * complex_bytes + rotation_bytes, most_slice_bytes});
}

Cut candidates_cut(const DeviceMemory& memory, std::int64_t candidates, std::int64_t points) {
    return cut(memory, {candidates, 1, Bytes(points) * 4, candidate_bytes, Bytes(most_candidates_at_once) * candidate_bytes});
}

namespace {

/// One of the two grids of an insertion, from the samples to a map of side `out`.
struct InsertionGrid {
    std::int64_t side, components;
    Bytes out, points;
    std::int64_t window_width;

    Bytes spectrum() const { return half_cube(side) * complex_bytes; }
    Bytes grid() const { return grid_cells(side, window_width) * components * fixed_point_bytes; }
    /// Sorted samples of `poses` (kernels/brick_sort.cu).
    Bytes sorted(std::int64_t poses) const {
        constexpr std::int64_t brick_side = 8, brick_cells = 512, chunk_samples = 1024, chunk_bytes = 12;
        const Bytes margins = grid_margins(window_width);
        const auto in_bricks = [](Bytes cells) { return Bytes(divided_up(whole(cells), brick_side)); };
        const Bytes rows = in_bricks(Bytes(side) + 1 + margins), columns = in_bricks(Bytes(side / 2) + 1 + margins + WindowTaps::lanes);
        const Bytes bricks = rows * rows * columns, samples = points * poses;
        return bricks * (brick_cells * 4 + 4 + 8) + 4 + samples * sorted_sample_bytes +
               (std::min(samples, bricks) + samples.count() / chunk_samples) * chunk_bytes;
    }
    Bytes peak(std::int64_t poses, bool work) const {
        const Bytes inserting = grid() + std::max(spectrum(), poses > 0 && points.count() > 0 ? sorted(poses) : Bytes());
        return std::max(inserting, spectrum() * (work ? 2 : 1) + (cube(side) + cube(out) + out) * float_bytes);
    }
};

}  // namespace

Cut insertion_cut(const DeviceMemory& memory, const InsertionSizes& s) {
    const InsertionGrid data{s.padded, 2, s.box, s.points, s.window_width}, weights{s.doubled_padded, 1, Bytes(s.box) * 2, s.points, s.window_width};
    const Bytes listed = Bytes(s.poses) * placement_bytes, right_side = cube(s.box) * float_bytes;
    const auto peak = [&](std::int64_t poses, bool work) {
        return listed + std::max({Bytes(s.poses) * float_bytes, data.peak(poses, work), right_side + weights.peak(poses, work)});
    };
    const std::int64_t smallest = std::min<std::int64_t>(1, not_negative(s.poses));
    const Bytes one_pose = std::max<Bytes>(1, Bytes(s.points) * sorted_sample_bytes);
    std::int64_t at_once = std::clamp(whole(most_sorted_bytes.count() / one_pose.count()), smallest, std::max(smallest, not_negative(s.poses)));
    while (at_once > smallest && peak(at_once, true) > memory.room()) at_once = std::max(smallest, at_once / 2);
    return {at_once, {equations_take(s.box).resident, peak(at_once, true), peak(smallest, false)}};
}

Cut means_cut(const DeviceMemory& memory, std::int64_t images, std::int64_t height, std::int64_t width) {
    constexpr std::int64_t sums_bytes = 24;  // of an image; ends of a row take as much as a complex number
    return cut(memory, {images, 1, Bytes(images) * sums_bytes + Bytes(height) * complex_bytes, Bytes(height) * width * float_bytes * 2, most_score_bytes});
}

int prepared_images_at_once(std::int64_t height, std::int64_t width) {
    // Pixels as they came, which may be here twice, weighted, and their spectrum; the same for the cropped image, which is no larger.
    const Bytes image = (Bytes(height) * width * 2 * float_bytes + Bytes(height) * (not_negative(width) / 2 + 1) * complex_bytes) * 2;
    return static_cast<int>(
        std::clamp<std::int64_t>(whole(most_slice_bytes.count() / std::max<std::uint64_t>(image.count(), 1)), 1, most_polar_images));
}

Take preparation_take(const PreparationSizes& s) {
    constexpr std::int64_t scale_bytes = 12, place_bytes = 4;
    const std::int64_t slots = prepared_images_at_once(s.height, s.width), shells = not_negative(s.box) / 2 + 1;
    const std::int64_t noise_shells = std::min(not_negative(s.height), not_negative(s.width)) / 2 + 1;
    const Bytes resident = images_take(s.images, s.points, s.box).resident;
    const Bytes square = Bytes(s.box) * s.box, pixels = Bytes(s.height) * s.width;
    const Bytes inside_spectra = Bytes(s.box) * (not_negative(s.box) / 2 + 1) * complex_bytes * slots;
    const Bytes outside_spectra = Bytes(s.height) * (not_negative(s.width) / 2 + 1) * complex_bytes * slots;
    const auto of_shells = [&](std::int64_t count, Bytes places) { return Bytes(count + 1) * 4 + places * place_bytes + Bytes(s.images) * count * float_bytes; };
    Bytes least = resident + Bytes(s.points) * (complex_bytes + place_bytes) + Bytes(s.images) * scale_bytes + square * float_bytes +
                  pixels * float_bytes * std::min(slots, not_negative(s.images)) * 2 + square * float_bytes * slots + of_shells(shells, s.points) + inside_spectra;
    Bytes peak = least + inside_spectra;
    if (s.noise_frequencies > 0) {
        const Bytes more = pixels * float_bytes * (slots + 1) + of_shells(noise_shells, s.noise_frequencies) + outside_spectra;
        least = least + more;
        peak = peak + more + outside_spectra;
    }
    return {resident, peak, least};
}

int polar_images_at_once(int padded) {
    return static_cast<int>(polar_images(padded));
}
int polar_padded_side(int box) {
    return static_cast<int>(scaled_side(box, polar_padding));
}

Cut search_cut(const DeviceMemory& memory, const SearchSizes& s) {
    const Bytes points = Bytes(s.rings) * (not_negative(s.angles) / 2), blocks = blocks_of(s.directions);
    const Bytes basis = (Bytes(s.orders) * 2 + 1 + Bytes(s.inner) + Bytes(s.rings) * s.inner + Bytes(s.rings) * 3) * 4;
    const Bytes operands = blocks * block_directions * (Bytes(s.inner) * complex_bytes + float_bytes);
    const Bytes held = basis + points * complex_bytes + operands, samples = points * complex_bytes * s.images;
    const std::int64_t side = scaled_side(s.box, polar_padding);
    const Bytes spectra = Bytes(side) * (side / 2 + 1) * polar_images(side) * complex_bytes;
    constexpr std::int64_t taps_bytes = complex_bytes + 2 * 6 * float_bytes;  // place and weights of a sample
    const Bytes sampling = s.images <= 0 ? Bytes()
                                         : samples + Bytes(s.box) * float_bytes + points * taps_bytes +
                                               Bytes(side) * side * polar_images(side) * float_bytes + spectra;
    Cut out = cut(memory, {s.directions, block_directions, held + Bytes(s.directions) * rotation_bytes, points * complex_bytes, most_slice_bytes});
    out.take.resident = held + samples;
    out.take.peak = std::max(out.take.peak, held + sampling + (s.images <= 0 ? Bytes() : spectra));
    out.take.least = std::max(out.take.least, held + sampling);
    return out;
}

Cut pair_scores_cut(const DeviceMemory& memory, std::int64_t rows, std::int64_t directions, bool thresholds) {
    return cut(memory, {rows, group_rows, thresholds ? Bytes(rows) * float_bytes : Bytes(), Bytes(directions) * 2 * float_bytes, most_score_bytes});
}

Cut curves_cut(const DeviceMemory& memory, std::int64_t curves, std::int64_t angles) {
    return cut(memory, {curves, 1, 0, Bytes(angles) * float_bytes + curve_pair_bytes, most_score_bytes});
}

BestCut best_cut(const DeviceMemory& memory, const BestSizes& s) {
    const Bytes candidates = std::max(Bytes(1), Bytes(s.most_rows) * 2 * s.directions);
    const Bytes capacity = std::min(Bytes(s.count), candidates);
    const Bytes behind = capacity + offers_behind_list > Bytes(shared_keys) ? (capacity + offers_behind_list) * key_bytes : Bytes();
    const Bytes fixed = Bytes(s.images) * 16 + 8 + (capacity * key_bytes + behind) * s.images;
    const std::int64_t all_blocks = whole(blocks_of(s.directions));
    const std::int64_t all_rows = not_negative(s.rows), wanted = not_negative(std::min(s.batch_rows, all_rows));
    const std::int64_t rows = std::min(all_rows, whole(Bytes(divided_up(wanted, group_rows)) * group_rows));
    const auto bytes = [&](std::int64_t r, std::int64_t blocks) { return Bytes(r) * (Bytes(blocks) * block_views + 1) * float_bytes; };
    BestCut out;
    out.blocks = std::min(largest_best_step, all_blocks);
    const std::int64_t smallest = std::min(group_rows, rows);
    const Bytes room = memory.room() - fixed;
    while (out.blocks > 1 && bytes(smallest, out.blocks) > room) out.blocks /= 2;
    const Cut of_rows = cut(memory, {rows, group_rows, fixed, bytes(1, out.blocks), Bytes::most});
    out.rows = of_rows.at_once;
    out.take = {0, of_rows.take.peak, fixed + bytes(smallest, std::min<std::int64_t>(1, all_blocks))};
    return out;
}

namespace {

/// A batch of hill climbing as it grows.
struct ClimbBatch {
    std::int64_t rows = 0, images = 0;
    Bytes most_candidates;  ///< of an image
    Bytes views;            ///< listed
    Bytes bytes(std::int64_t blocks, bool lists) const {
        const Bytes needed = lists ? std::min(Bytes(blocks), views) : Bytes(blocks);
        const Bytes words = most_candidates.count() / 32 + (most_candidates.count() % 32 != 0 ? 1 : 0);
        return Bytes(rows) * (needed * block_views + 1) * float_bytes + words * images * 4 + (lists ? (Bytes(blocks) + needed) * 4 : Bytes());
    }
    /// The same with an image of `r` rows more; `listed` 0: it takes all views.
    ClimbBatch with(std::int64_t r, std::int64_t listed, std::int64_t directions) const {
        const Bytes all = Bytes(directions) * 2, views_of_image = listed > 0 ? Bytes(listed) : all;
        return {rows + r, images + 1, std::max(most_candidates, views_of_image * r), views + views_of_image};
    }
};
Bytes climb_fixed(Bytes images, Bytes listed, bool lists) {
    return (images + 1) * 8 + images * (4 * float_bytes + climb_bytes + key_bytes) + (lists ? listed * 4 + (images + 1) * 8 : Bytes());
}

}  // namespace

ClimbCut climb_cut(const DeviceMemory& memory, const ClimbSizes& s) {
    const auto images = static_cast<std::int64_t>(s.first_row.size()) - 1;
    const bool lists = !s.first_view.empty();
    const std::int64_t limit = lists ? std::min(s.batch_rows, neighbourhood_batch) : s.batch_rows, blocks = whole(blocks_of(s.directions));
    const Bytes fixed = climb_fixed(images, lists ? s.first_view.back() : 0, lists), room = memory.room() - fixed;
    const auto grown = [&](const ClimbBatch& batch, std::int64_t image) {
        const auto at = static_cast<std::size_t>(image);
        return batch.with(s.first_row[at + 1] - s.first_row[at], lists ? s.first_view[at + 1] - s.first_view[at] : 0, s.directions);
    };
    ClimbCut out;
    out.take = {0, fixed, fixed};
    for (std::int64_t begin = 0; begin < images; begin = out.end.back()) {
        ClimbBatch batch = grown({}, begin);
        out.take.least = std::max(out.take.least, fixed + batch.bytes(blocks, lists));
        std::int64_t end = begin + 1;
        for (; end < images; end++) {
            const ClimbBatch next = grown(batch, end);
            out.take.least = std::max(out.take.least, fixed + grown({}, end).bytes(blocks, lists));
            if (next.rows > limit || next.bytes(blocks, lists) > room) break;
            batch = next;
        }
        out.take.peak = std::max(out.take.peak, fixed + batch.bytes(blocks, lists));
        out.end.push_back(end);
    }
    return out;
}

namespace {

/// Collects the phases of a run.
class Phases {
  public:
    explicit Phases(const DeviceMemory& memory) : memory_(memory) {}
    /// What is left for a phase beside what stays.
    DeviceMemory beside(Bytes stays) const { return memory_.less(stays); }
    void add(const char* what, Bytes stays, const Take& take) {
        peak_ = std::max(peak_, stays + take.peak);
        if (stays + take.least > least_ || !what_) least_ = stays + take.least, what_ = what;
    }
    void write(backend::RunPlan& plan) const {
        plan.peak_bytes = peak_.count();
        plan.least_bytes = least_.count();
        try {
            require(memory_, least_, what_ ? what_ : "a run");
        } catch (const MemoryShortage& shortage) {
            std::strncpy(plan.shortage, shortage.what(), sizeof plan.shortage - 1);
        }
    }

  private:
    DeviceMemory memory_;
    Bytes peak_, least_;
    const char* what_ = nullptr;
};

/// Takes the scores of a batch of rows by every rule.
void add_scores(Phases& phases, Bytes stays, const backend::RunSizes& s, std::int64_t inner, backend::RunPlan& plan) {
    const Take rows = rows_take(s.rows, inner);
    phases.add("the rows of the search", stays, rows);
    const Bytes with_rows = stays + rows.resident;
    const DeviceMemory left = phases.beside(with_rows);
    const Cut pairs = pair_scores_cut(left, s.rows, s.directions, true);
    plan.rows_at_once = pairs.at_once;
    phases.add("the scores of the search", with_rows, pairs.take);
    const std::int64_t images = std::max<std::int64_t>(s.images_a_batch, 1), rows_an_image = divided_up(not_negative(s.rows), images);
    phases.add("the search for the best poses", with_rows, best_cut(left, {images, s.rows, rows_an_image, s.directions, 400, s.rows}).take);
    const Bytes one = ClimbBatch{}.with(rows_an_image, 0, s.directions).bytes(whole(blocks_of(s.directions)), false);
    phases.add("hill climbing", with_rows, cut(left, {images, 1, climb_fixed(images, 0, false), one}).take);
}

}  // namespace

backend::RunPlan plan_run(const DeviceMemory& memory, const backend::RunSizes& s) {
    backend::RunPlan plan{};
    plan.free_bytes = memory.all().count();
    plan.total_bytes = memory.total_bytes;
    Phases phases(memory);
    const double factor = s.padding_factor >= 1.2 && s.padding_factor <= 8 ? s.padding_factor : 1.2;
    const std::int64_t box = not_negative(s.box), width = s.window_width;
    const std::int64_t padded = padded_side_of(box, factor), doubled_padded = padded_side_of(whole(Bytes(box) * 2), factor);
    const Take images = images_take(s.images, s.points, box), equations = equations_take(box), transform = transform_take(box, padded, width);
    const Bytes held = images.resident, transforms = transform.resident * s.transforms;
    plan.images_bytes = held.count();
    plan.equations_bytes = (equations.resident * std::max(s.insertion_beside, s.solution_beside)).count();
    plan.transforms_bytes = transforms.count();
    if (s.height > 0 && s.width > 0) {
        phases.add("the means of the images", 0, means_cut(memory, s.images, s.height, s.width).take);
        phases.add("the preparation of the images", 0, preparation_take({s.images, s.height, s.width, s.points, box, s.noise_frequencies}));
    } else {
        phases.add("the images", 0, images);
    }
    if (s.poses > 0) {
        const Bytes stays = held + equations.resident * s.insertion_beside;
        const Cut insertion = insertion_cut(phases.beside(stays), {s.poses, s.points, box, padded, doubled_padded, width});
        plan.poses_at_once = insertion.at_once;
        phases.add("the insertion of the images", stays, insertion.take);
    }
    if (s.poses > 0) phases.add("the solution for a map", held + equations.resident * s.solution_beside, solver_take(box, box / 2 + 1, true));
    if (s.transforms > 0) phases.add("the transform of a map", held + transform.resident * (s.transforms - 1), transform);
    if (s.directions > 0) {
        const std::int64_t inner = whole(Bytes(s.harmonics) + Bytes(s.orders) * 3);
        const Cut search =
            search_cut(phases.beside(held + transforms), {s.images, box, s.directions, s.rings, s.angles, s.orders, inner});
        plan.search_bytes = search.take.resident.count();
        plan.directions_at_once = search.at_once;
        phases.add("the slices of the search", held + transforms, search.take);
        add_scores(phases, held + transforms + search.take.resident, s, inner, plan);
    }
    if (s.candidates > 0) {
        const Cut polish = candidates_cut(phases.beside(held + transforms), s.candidates, s.points);
        plan.candidates_at_once = polish.at_once;
        phases.add("the polish of the poses", held + transforms, polish.take);
    }
    phases.write(plan);
    return plan;
}

}  // namespace tumble::cuda
