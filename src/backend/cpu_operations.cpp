#include "backend/cpu_operations.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <type_traits>

#include "atoms/atom_sums.hpp"
#include "core/threads.hpp"
#include "fourier/central_slice.hpp"
#include "fourier/density_compensation.hpp"
#include "pose/exhaustive_search.hpp"
#include "pose/image_equations.hpp"
#include "pose/image_preparation.hpp"
#include "pose/polar_images.hpp"
#include "pose/pose_polish.hpp"
#include "pose/score.hpp"
#include "pose/soft_assignment.hpp"
#include "pose/stochastic_hill_climbing.hpp"
#include "tumble/error.hpp"

namespace tumble::backend {
namespace {

struct CpuContext {
    std::unique_ptr<ThreadPool> own;
    ThreadPool* pool = nullptr;
    std::string error;
};

struct CpuSearch {
    PolarGrid grid;
    AngularBasis basis;
    std::vector<float> weights;
    DirectionPanel panel;
    std::vector<Complexf> samples;  // of all images
};

// The handles of the table and what they are on this side.
template <class Handle>
struct Behind;
template <>
struct Behind<Context> {
    using Type = CpuContext;
};
template <>
struct Behind<Images> {
    using Type = ImageSamples;
};
template <>
struct Behind<Transform> {
    using Type = PaddedTransform;
};
template <>
struct Behind<Equations> {
    using Type = NormalEquations;
};
template <>
struct Behind<Search> {
    using Type = CpuSearch;
};
template <>
struct Behind<Rows> {
    using Type = RowPanel;
};
template <class Handle>
auto& behind(Handle* handle) {
    using Plain = typename Behind<std::remove_const_t<Handle>>::Type;
    using Type = std::conditional_t<std::is_const_v<Handle>, const Plain, Plain>;
    return *reinterpret_cast<Type*>(handle);
}
template <class Handle>
void hand_out(Handle** out, typename Behind<Handle>::Type value) {
    *out = reinterpret_cast<Handle*>(std::make_unique<typename Behind<Handle>::Type>(std::move(value)).release());
}
template <class Handle>
void destroy(Context*, Handle* handle) {
    if (handle) delete &behind(handle);
}

// Arrays of our own structs pass through the table as they are: both sides must see the same layout.
static_assert(sizeof(Candidate) == sizeof(PoseCandidate) && offsetof(Candidate, rotation) == offsetof(PoseCandidate, pose) &&
              offsetof(Candidate, score) == offsetof(PoseCandidate, score));
static_assert(sizeof(PoseWeight) == sizeof(WeightedPose) && offsetof(PoseWeight, rotation) == offsetof(WeightedPose, pose) &&
              offsetof(PoseWeight, weight) == offsetof(WeightedPose, weight));
static_assert(offsetof(Pose, rotation) == 0 && offsetof(Pose, shift_A) == 9 * sizeof(double) && sizeof(Vec2) == 2 * sizeof(double));
static_assert(sizeof(Pose) == 11 * sizeof(double) && sizeof(Vec3) == 3 * sizeof(double) && sizeof(AtomVector) == 4 * sizeof(double));
static_assert(sizeof(ProfileSums::Shell) == 8 * sizeof(double) && sizeof(WeightedView) == 4 * sizeof(double) &&
              sizeof(OverlapTable::Value) == 3 * sizeof(double) && sizeof(OverlapSums) == 10 * sizeof(double));
static_assert(sizeof(ImageMeans) == 4 * sizeof(double) && sizeof(ContrastScale) == 2 * sizeof(double));
static_assert(sizeof(Mat3f) == 9 * sizeof(float) && sizeof(FrequencyPoint) == 2 * sizeof(float));

template <class To, class From>
To* as(From* from) {
    return reinterpret_cast<To*>(from);
}

std::int32_t status_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::input: return status_input;
        case ErrorKind::unsupported: return status_numerical;
        case ErrorKind::interrupted: return status_cancelled;
        case ErrorKind::system: break;
    }
    return status_internal;
}

/// Runs `body` and turns what it throws into a status and a sentence.
template <class Body>
std::int32_t guarded(std::string& error, Body&& body) noexcept {
    try {
        body();
        return status_good;
    } catch (const Error& e) {
        error = e.what();
        return status_of(e.kind());
    } catch (const std::bad_alloc&) {
        error = "out of memory";
        return status_memory;
    } catch (const std::exception& e) {
        error = e.what();
        return status_internal;
    }
}

/// `body` receives the context's pool; `memory` is where the arrays lie.
template <class Body>
std::int32_t in_memory(std::int32_t memory, Context* context, Body&& body) {
    CpuContext& c = behind(context);
    const bool reachable = memory == memory_host;
    const std::int32_t status = guarded(c.error, [&] {
        if (!reachable)
            throw system_error("the CPU backend was given arrays in memory space " + std::to_string(memory) + ", expected " +
                               std::to_string(memory_host) + " (host)");
        body(*c.pool);
    });
    return reachable ? status : status_device;
}
template <class Arguments, class Body>
std::int32_t on_host(Context* context, const Arguments* arguments, Body&& body) {
    return in_memory(arguments->memory, context, body);
}

template <class T>
std::span<const T> optional_span(const T* data, std::int64_t count) {
    return data ? std::span<const T>(data, static_cast<std::size_t>(count)) : std::span<const T>();
}

std::int32_t device_count(std::int32_t* count) {
    *count = 1;
    return status_good;
}

std::int32_t device_describe(std::int32_t device, DeviceDescription* out) {
    if (device != 0) return status_argument;
    *out = {};
    std::strcpy(out->name, "the processor");
    const auto page = static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
    out->total_bytes = static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * page;
    out->free_bytes = static_cast<std::uint64_t>(sysconf(_SC_AVPHYS_PAGES)) * page;
    out->multiprocessors = available_cores();
    return status_good;
}

/// Nothing is copied to the processor, and its work is not cut.
std::int32_t plan_run(std::int32_t device, const RunSizes*, RunPlan* out) {
    *out = {};
    DeviceDescription d;
    const std::int32_t status = device_describe(device, &d);
    if (status != status_good) return status;
    out->free_bytes = d.free_bytes;
    out->total_bytes = d.total_bytes;
    return status_good;
}

std::int32_t context_create(const ContextArguments* a, Context** out) {
    *out = nullptr;
    std::string error;
    const std::int32_t status = guarded(error, [&] {
        CpuContext context;
        context.pool = static_cast<ThreadPool*>(a->host_threads);
        if (!context.pool) {
            context.own = std::make_unique<ThreadPool>(a->threads);
            context.pool = context.own.get();
        }
        hand_out(out, std::move(context));
    });
    if (status != status_good && a->error && a->error_capacity > 0) {
        const auto length = std::min(error.size(), static_cast<std::size_t>(a->error_capacity) - 1);
        std::memcpy(a->error, error.data(), length);
        a->error[length] = 0;
    }
    return status;
}

void context_destroy(Context* context) {
    destroy<Context>(nullptr, context);
}

const char* error_text(const Context* context) {
    return behind(context).error.c_str();
}

std::int32_t images_create(Context* context, const ImageArrays* a, Images** out) {
    *out = nullptr;
    return on_host(context, a, [&](ThreadPool&) {
        const auto points = static_cast<std::size_t>(a->points), images = static_cast<std::size_t>(a->images);
        ImageSamples samples;
        samples.images = a->images;
        samples.box = a->box;
        samples.pixel_size_A = a->pixel_size_A;
        samples.particle_radius_A = a->particle_radius_A;
        samples.points = {as<const FrequencyPoint>(a->point_frequencies), points};
        samples.values = as<const Complexf>(a->values);
        samples.weight = {a->weights, points};
        samples.real_space = {a->real_space, images * static_cast<std::size_t>(a->box) * static_cast<std::size_t>(a->box)};
        hand_out(out, samples);
    });
}

std::int32_t transform_create(Context* context, const TransformArguments* a, Transform** out) {
    *out = nullptr;
    return on_host(context, a, [&](ThreadPool& pool) {
        hand_out(out, padded_transform({a->map, a->box}, {a->window_width, a->window_padding}, a->padding_factor, pool));
    });
}

std::int32_t sample(Context* context, const Transform* transform, const SliceArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        sample_slices(behind(transform), {as<const Mat3f>(a->rotations), static_cast<std::size_t>(a->rotation_count)},
                      {as<const FrequencyPoint>(a->points), static_cast<std::size_t>(a->point_count)}, as<Complexf>(a->out), pool);
    });
}

using CandidateFunction = void (*)(const ImageSamples&, const PaddedTransform&, const PolishOptions&, std::span<PoseCandidate>,
                                   ThreadPool&);
template <CandidateFunction function>
std::int32_t for_candidates(Context* context, const Images* images, const Transform* transform, const CandidateArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        PolishOptions options;
        options.band = {static_cast<std::size_t>(a->first_point), static_cast<std::size_t>(a->last_point)};
        options.steps = a->steps;
        options.shift_sigma_A = a->shift_sigma_A;
        options.smallest_step = a->smallest_step;
        function(behind(images), behind(transform), options,
                 {as<PoseCandidate>(a->candidates), static_cast<std::size_t>(a->count)}, pool);
    });
}

std::int32_t equations_create(Context* context, std::int32_t box, const Equations* from, Equations** out) {
    *out = nullptr;
    return guarded(behind(context).error, [&] {
        NormalEquations equations;
        equations.box = box;
        hand_out(out, from ? behind(from) : std::move(equations));
    });
}

/// Equations that have just been made hold no arrays yet: they take over the first ones.
void merge(NormalEquations& into, NormalEquations&& fresh) {
    if (into.right_side.empty() && into.box == fresh.box)
        into = std::move(fresh);
    else
        into += fresh;
}

std::int32_t equations_accumulate(Context* context, Equations* equations, const Images* images, const AccumulateArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        const Band band{static_cast<std::size_t>(a->first_point), static_cast<std::size_t>(a->last_point)};
        merge(behind(equations),
              accumulate_images(behind(images), {as<const WeightedPose>(a->poses), static_cast<std::size_t>(a->count)}, band,
                                {a->window_width, a->window_padding}, a->padding_factor, pool));
    });
}

std::int32_t equations_accumulate_shares(Context* context, Equations* equations, const ImageShare* shares, std::int64_t share_count,
                                         const AccumulateArguments* a) {
    for (std::int64_t i = 0; i < share_count; i++) {
        AccumulateArguments of_share = *a;
        of_share.poses = shares[i].poses;
        of_share.count = shares[i].count;
        const std::int32_t status = equations_accumulate(context, equations, shares[i].images, &of_share);
        if (status != status_good) return status;
    }
    return status_good;
}

std::int32_t equations_add(Context* context, Equations* equations, const Equations* other) {
    return guarded(behind(context).error, [&] {
        if (behind(equations).right_side.empty() && behind(equations).box == behind(other).box)
            behind(equations) = behind(other);
        else if (!behind(other).right_side.empty())
            behind(equations) += behind(other);
    });
}

std::int32_t equations_subtract(Context* context, Equations* equations, const Equations* other) {
    return guarded(behind(context).error, [&] {
        if (behind(other).right_side.empty()) return;
        if (behind(equations).right_side.empty()) throw bad_input("normal equations without images: nothing can be subtracted");
        behind(equations) -= behind(other);
    });
}

std::int32_t solve_equations(Context* context, const Equations* equations, const SolveArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        const NormalEquations& e = behind(equations);
        if (e.right_side.empty()) throw bad_input("normal equations without images: expected at least one image");
        SolveProblem problem;
        problem.steps = a->steps;
        problem.tolerance = a->tolerance;
        problem.prior = optional_span(a->prior, a->prior_count);
        problem.mask = optional_span(a->mask, static_cast<std::int64_t>(e.right_side.size()));
        solve_into(e, problem, {a->map, e.right_side.size()}, pool);
    });
}

std::int32_t search_create(Context* context, const Images* images, const Transform* transform, const SearchArguments* a,
                           Search** out) {
    *out = nullptr;
    return on_host(context, a, [&](ThreadPool& pool) {
        CpuSearch search;
        const auto rings = static_cast<std::size_t>(a->ring_count);
        search.grid = {{a->rings, a->rings + rings}, a->angles};
        search.weights.assign(a->weights, a->weights + rings);
        search.basis.rings = static_cast<int>(rings);
        search.basis.angles = a->angles;
        search.basis.rank.assign(a->rank, a->rank + a->order_count);
        const double* vectors = a->basis_vectors;
        for (const int rank : search.basis.rank) {
            const double* end = vectors + static_cast<std::size_t>(rank) * rings;
            search.basis.vectors.emplace_back(vectors, end);
            vectors = end;
        }
        const auto points = search.grid.points();
        std::vector<Complexf> slices(static_cast<std::size_t>(a->direction_count) * points.size());
        sample_slices(behind(transform), {as<const Mat3f>(a->directions), static_cast<std::size_t>(a->direction_count)}, points,
                      slices.data(), pool);
        search.panel = pack_directions(search.grid, search.basis, search.weights, slices, pool);
        search.samples = polar_samples(behind(images), search.grid, pool);
        hand_out(out, std::move(search));
    });
}

std::int32_t rows_create(Context* context, const Search* search, const RowArguments* a, Rows** out) {
    *out = nullptr;
    return on_host(context, a, [&](ThreadPool& pool) {
        const CpuSearch& s = behind(search);
        const auto count = static_cast<std::size_t>(a->count);
        hand_out(out, pack_rows(s.grid, s.basis, s.weights, s.samples, {a->images, count}, {as<const Vec2>(a->shifts_px), count}, pool));
    });
}

std::int32_t score_all(Context* context, const Search* search, const Rows* rows, const PairScoreArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        const CpuSearch& s = behind(search);
        score_pairs(s.basis, s.panel, behind(rows), optional_span(a->threshold, behind(rows).rows), a->maxima, pool);
    });
}

std::int32_t score_curves(Context* context, const Search* search, const Rows* rows, const CurveArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        const CpuSearch& s = behind(search);
        const auto angles = static_cast<std::size_t>(s.grid.angles);
        pool.each(a->count, [&](std::int64_t i, int) {
            const Pair& pair = a->pairs[i];
            const std::span curve(a->curves + static_cast<std::size_t>(i) * angles, angles);
            score_angles(s.basis, s.panel, behind(rows), pair.row, pair.direction, pair.mirror != 0, curve);
        });
    });
}

SearchRows rows_of(const Rows* rows, const Batch& batch) {
    return {behind(rows), {batch.first_row, static_cast<std::size_t>(batch.images) + 1}, batch.first_image,
            optional_span(batch.numbers, batch.images)};
}

Pair plain(const SearchPair& pair) {
    return {pair.row, pair.direction, pair.mirror, pair.score};
}

std::int32_t best_pairs(Context* context, const Search* search, const Rows* rows, const BestArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        const CpuSearch& s = behind(search);
        const auto lists = exhaustive_search(s.basis, s.panel, rows_of(rows, a->batch), {a->count, a->cut, a->batch_rows},
                                             optional_span(a->incumbent, a->batch.images), pool);
        for (std::size_t i = 0; i < lists.size(); i++) {
            a->found[i] = static_cast<std::int64_t>(lists[i].size());
            std::transform(lists[i].begin(), lists[i].end(), a->pairs + i * static_cast<std::size_t>(a->count), plain);
        }
    });
}

std::int32_t soft_pairs(Context* context, const Search* search, const Rows* rows, const SoftArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        const CpuSearch& s = behind(search);
        const SoftOptions options{a->temperature, a->smallest_weight, a->count, a->batch_rows};
        const auto lists = soft_assignment(s.basis, s.panel, rows_of(rows, a->batch), options, pool);
        for (std::size_t i = 0; i < lists.size(); i++) {
            a->found[i] = static_cast<std::int64_t>(lists[i].size());
            std::transform(lists[i].begin(), lists[i].end(), a->pairs + i * static_cast<std::size_t>(a->count),
                           [](const WeightedPair& p) { return WeighedPair{plain(p.pair), p.weight}; });
        }
    });
}

std::int32_t climb(Context* context, const Search* search, const Rows* rows, const ClimbArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        const CpuSearch& s = behind(search);
        std::vector<ViewList> views;
        for (std::int64_t i = 0; a->views && i < a->batch.images; i++)
            views.emplace_back(a->views + a->first_view[i], a->views + a->first_view[i + 1]);
        HillClimbOptions options;
        options.seed = a->seed;
        options.pass = a->pass;
        options.purpose = static_cast<RandomPurpose>(a->purpose);
        options.batch_rows = a->batch_rows;
        const auto steps = tumble::hill_climb(s.basis, s.panel, rows_of(rows, a->batch), optional_span(a->previous, a->batch.images),
                                              views, options, pool);
        std::transform(steps.begin(), steps.end(), a->steps, [](const HillClimbStep& step) {
            return ClimbStep{plain(step.pair), step.visited, step.improved, 0};
        });
    });
}

AtomScene scene_of(const ImageSamples& images, const AtomArguments& a) {
    const auto count = static_cast<std::size_t>(images.images), atoms = static_cast<std::size_t>(a.atom_count);
    return {{as<const Pose>(a.poses), count}, {a.image_weights, count}, {as<const Vec3>(a.positions_A), atoms}, {a.heights, atoms}, a.first_image,
            a.image_count};
}

std::int32_t profile_sums(Context* context, const Images* images, const AtomArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        const std::span shells(as<ProfileSums::Shell>(a->profile_sums), static_cast<std::size_t>(a->shell_count));
        ProfileSums sums{{shells.begin(), shells.end()}};
        add_profile_sums(behind(images), scene_of(behind(images), *a), a->with_depth != 0, sums, pool);
        std::copy(sums.shells.begin(), sums.shells.end(), shells.begin());
    });
}

std::int32_t atom_gradients(Context* context, const Images* images, const AtomArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        const auto atoms = static_cast<std::size_t>(a->atom_count), count = static_cast<std::size_t>(a->image_count);
        ProjectedProfile profile;
        profile.direct.assign(a->direct, a->direct + a->shell_count);
        if (a->with_depth) profile.depth.assign(a->depth, a->depth + a->shell_count);
        add_atom_gradients(behind(images), scene_of(behind(images), *a), profile,
                           {{as<AtomVector>(a->gradient), atoms}, {as<AtomVector>(a->scatter), atoms}, {a->likelihood, count}, {a->residual, count}},
                           pool);
    });
}

std::int32_t overlaps(Context* context, const OverlapArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        const std::span views(as<const WeightedView>(a->views), static_cast<std::size_t>(a->view_count));
        const OverlapTable table{{as<const OverlapTable::Value>(a->table), static_cast<std::size_t>(a->table_count)}, a->limit, a->per_step};
        pool.each(a->pair_count, [&](std::int64_t i, int) {
            as<OverlapSums>(a->sums)[i] = overlap_sums(as<const Vec3>(a->apart_A)[i], views, table);
        });
    });
}

std::int32_t copy_bytes(Context* context, const CopyArguments* a) {
    const std::int32_t memory = a->memory_from == memory_host ? a->memory_to : a->memory_from;
    return in_memory(memory, context, [&](ThreadPool&) { std::memcpy(a->to, a->from, static_cast<std::size_t>(a->bytes)); });
}

std::int32_t means_of_images(Context* context, const MeansArguments* a) {
    return on_host(context, a, [&](ThreadPool& pool) {
        const auto means = image_means({a->stack, a->images, a->height, a->width}, a->from_px, pool);
        std::copy(means.begin(), means.end(), as<ImageMeans>(a->means));
    });
}

std::int32_t images_prepare(Context* context, const PreparationArguments* a, Images** out) {
    *out = nullptr;
    return on_host(context, a, [&](ThreadPool& pool) {
        const auto images = static_cast<std::size_t>(a->images), side = static_cast<std::size_t>(a->box);
        SettledPreparation settled{a->pixel_size_A, a->particle_radius_A, a->mask_radius_A, a->box, {}};
        const auto* contrast = as<const ContrastScale>(a->contrast);
        settled.contrast.assign(contrast, contrast + images);
        const PowerSums sums = transform_images({a->stack, a->images, a->height, a->width}, settled, as<Complexf>(a->values), a->real_space, pool);
        std::copy(sums.inside.begin(), sums.inside.end(), a->inside_power);
        std::copy(sums.outside.begin(), sums.outside.end(), a->outside_power);
        ImageSamples samples;
        samples.images = a->images;
        samples.box = a->box;
        samples.pixel_size_A = a->pixel_size_A;
        samples.particle_radius_A = a->particle_radius_A;
        samples.points = {as<const FrequencyPoint>(a->point_frequencies), static_cast<std::size_t>(a->points)};
        samples.values = as<const Complexf>(a->values);
        samples.real_space = {a->real_space, images * side * side};
        hand_out(out, samples);
    });
}

std::int32_t images_set_weights(Context*, Images* images, const float* weights) {
    behind(images).weight = {weights, behind(images).points.size()};
    return status_good;
}

std::int32_t images_negate(Context*, Images*) {
    return status_good;
}

Operations filled() {
    Operations table{};
    table.struct_size = sizeof(Operations);
    table.abi_version = abi_version;
    table.name = "cpu";
    table.description = "the processor";
    table.device_count = device_count;
    table.context_create = context_create;
    table.context_destroy = context_destroy;
    table.error_text = error_text;
    table.images_create = images_create;
    table.images_destroy = destroy<Images>;
    table.transform_create = transform_create;
    table.transform_destroy = destroy<Transform>;
    table.sample_slices = sample;
    table.score_poses = for_candidates<score_candidates>;
    table.polish_poses = for_candidates<tumble::polish_poses>;
    table.polish_shifts = for_candidates<tumble::polish_shifts>;
    table.equations_create = equations_create;
    table.equations_destroy = destroy<Equations>;
    table.equations_accumulate = equations_accumulate;
    table.equations_accumulate_shares = equations_accumulate_shares;
    table.equations_add = equations_add;
    table.equations_subtract = equations_subtract;
    table.solve = solve_equations;
    table.search_create = search_create;
    table.search_destroy = destroy<Search>;
    table.rows_create = rows_create;
    table.rows_destroy = destroy<Rows>;
    table.score_pairs = score_all;
    table.score_curves = score_curves;
    table.best_pairs = best_pairs;
    table.soft_pairs = soft_pairs;
    table.hill_climb = climb;
    table.device_describe = device_describe;
    table.plan_run = plan_run;
    table.profile_sums = profile_sums;
    table.atom_gradients = atom_gradients;
    table.overlap_sums = overlaps;
    table.copy_bytes = copy_bytes;
    table.image_means = means_of_images;
    table.images_prepare = images_prepare;
    table.images_set_weights = images_set_weights;
    table.images_negate = images_negate;
    return table;
}

}  // namespace

const Operations& cpu_operations() {
    static const Operations table = filled();
    return table;
}

}  // namespace tumble::backend
