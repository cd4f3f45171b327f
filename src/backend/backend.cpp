#include "backend/backend.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <new>
#include <string_view>

#include "backend/cpu_operations.hpp"
#include "backend/several_devices.hpp"
#include "tumble/error.hpp"

namespace tumble {
namespace backend {
namespace {

/// The kind of error that a status stands for: the caller's or the data's fault, or the machine's.
ErrorKind kind_of(std::int32_t status) {
    switch (status / 100) {
        case 1:
        case 2: return ErrorKind::input;
        case 5: return ErrorKind::unsupported;
        case 6: return ErrorKind::interrupted;
        default: return ErrorKind::system;
    }
}

/// What is left where a device fails; memory that runs out says it with its sizes.
const char* way_out(std::string_view backend_name, std::string_view sentence) {
    const bool said = backend_name == "cpu" || sentence.find("'cpu'") != sentence.npos;
    return said ? "" : "; the device 'cpu' does the same without it";
}

/// Memory of the host that runs out is told as everywhere else in C++; that of a device has a sentence of its own.
void require_memory(std::int32_t status) {
    if (status == status_memory) throw std::bad_alloc();
}

}  // namespace

Session::Session(const Operations& operations, int device, int threads) : table(operations), pool(threads) {
    std::array<char, 512> error{};
    const ContextArguments arguments{device, threads, &pool, error.data(), static_cast<std::int64_t>(error.size())};
    const std::int32_t status = table.context_create(&arguments, &context);
    require_memory(status);
    if (status != status_good)
        throw Error(kind_of(status), fmt::format("the {} backend cannot start (status {}): {}{}", table.name, status, error.data(),
                                                 way_out(table.name, error.data())));
}

Session::~Session() {
    table.context_destroy(context);
}

}  // namespace backend

using namespace backend;

namespace {

template <class To, class From>
To* as(From* from) {
    return reinterpret_cast<To*>(from);
}

template <class T>
const T* data_or_null(std::span<const T> values) {
    return values.empty() ? nullptr : values.data();
}

std::int64_t count_of(const auto& values) {
    return static_cast<std::int64_t>(values.size());
}

Batch batch_of(const RowOwners& owners) {
    return {owners.first_row.data(), data_or_null(owners.numbers), owners.images(), owners.first_image};
}

SearchPair pair_of(const Pair& pair) {
    return {pair.row, pair.direction, pair.mirror != 0, pair.score};
}

/// The lists of a flat array of `count` places an image, of which found[i] are filled.
template <class Out, class In, class Convert>
std::vector<std::vector<Out>> as_lists(const std::vector<In>& flat, const std::vector<std::int64_t>& found, int count, Convert convert) {
    std::vector<std::vector<Out>> lists(found.size());
    for (std::size_t i = 0; i < found.size(); i++)
        for (std::int64_t k = 0; k < found[i]; k++)
            lists[i].push_back(convert(flat[i * static_cast<std::size_t>(count) + static_cast<std::size_t>(k)]));
    return lists;
}

}  // namespace

template <class Entry, class... Arguments>
void Backend::call(Entry entry, const char* name, Arguments... arguments) const {
    const Session& s = *session_;
    if (!entry) throw system_error(fmt::format("the {} backend has no operation '{}'", device_, name));
    const std::int32_t status = entry(s.context, arguments...);
    if (status == status_good) return;
    backend::require_memory(status);
    const std::string sentence = s.table.error_text(s.context);
    const ErrorKind kind = kind_of(status);
    if (kind != ErrorKind::system) throw Error(kind, sentence);
    throw system_error(fmt::format("the {} backend failed in '{}' (status {}): {}{}", device_, name, status, sentence,
                                   backend::way_out(s.table.name, sentence)));
}

Backend::Backend(const Operations& table, int device, int threads)
    : session_(std::make_shared<Session>(table, device, threads)),
      device_(backend::device_name(table, device)),
      memory_device_(backend::memory_device(table, device)) {}

void Backend::copy_to_host(void* to, const void* from, std::int64_t bytes, std::optional<void*> stream) const {
    const CopyArguments arguments{to, from, bytes, memory_host, memory_cuda, stream.value_or(nullptr), !stream, 0};
    call(session_->table.copy_bytes, "copy_bytes", &arguments);
}

void Backend::copy_from_host(void* to, const void* from, std::int64_t bytes, std::optional<void*> stream) const {
    const CopyArguments arguments{to, from, bytes, memory_cuda, memory_host, stream.value_or(nullptr), !stream, 0};
    call(session_->table.copy_bytes, "copy_bytes", &arguments);
}

Backend cpu_backend(int threads) {
    return {cpu_operations(), 0, threads};
}

ResidentImages Backend::resident(const PreparedImages& images) const {
    ImageArrays arrays{};
    arrays.images = images.images;
    arrays.points = count_of(images.points);
    arrays.box = images.box;
    arrays.memory = memory_host;
    arrays.pixel_size_A = images.pixel_size_A;
    arrays.particle_radius_A = images.particle_radius_A;
    arrays.point_frequencies = as<const float>(images.points.data());
    arrays.values = as<const float>(images.values.data());
    arrays.weights = images.weight.data();
    arrays.real_space = images.real_space.data();
    Images* handle = nullptr;
    call(session_->table.images_create, "images_create", &arrays, &handle);
    ResidentImages out;
    out.host_ = &images;
    out.handle_ = {session_, handle, session_->table.images_destroy};
    return out;
}

ResidentImages Backend::prepare(StackView stack, const ImagePreparationOptions& options, PreparedImages& host, Progress& progress) const {
    ResidentImages out;
    PreparationSteps steps;
    steps.means = [&](double from_px) {
        std::vector<ImageMeans> means(static_cast<std::size_t>(stack.images));
        const MeansArguments arguments{stack.data, stack.images, stack.height, stack.width, from_px, as<double>(means.data()), memory_host, 0};
        call(session_->table.image_means, "image_means", &arguments);
        return means;
    };
    steps.transform = [&](const SettledPreparation& settled, PreparedImages& images) {
        make_room(images);
        if (memory_device_ >= 0) images.values = {};
        PowerSums sums;
        sums.inside.resize(static_cast<std::size_t>(images.box / 2 + 1));
        sums.outside.resize(static_cast<std::size_t>(std::min(stack.height, stack.width) / 2 + 1));
        PreparationArguments a{};
        a.stack = stack.data;
        a.contrast = as<const double>(settled.contrast.data());
        a.point_frequencies = as<const float>(images.points.data());
        a.images = stack.images;
        a.height = stack.height;
        a.width = stack.width;
        a.points = count_of(images.points);
        a.pixel_size_A = settled.pixel_size_A;
        a.particle_radius_A = settled.particle_radius_A;
        a.mask_radius_A = settled.mask_radius_A;
        a.values = as<float>(images.values.data());
        a.real_space = images.real_space.data();
        a.inside_power = sums.inside.data();
        a.outside_power = sums.outside.data();
        a.box = settled.box;
        a.memory = memory_host;
        Images* handle = nullptr;
        call(session_->table.images_prepare, "images_prepare", &a, &handle);
        out.handle_ = {session_, handle, session_->table.images_destroy};
        return sums;
    };
    host = prepare_images(stack, options, steps, pool(), progress);
    call(session_->table.images_set_weights, "images_set_weights", out.handle_.get(), static_cast<const float*>(host.weight.data()));
    out.host_ = &host;
    return out;
}

void Backend::negate(ResidentImages& images, PreparedImages& host) const {
    call(session_->table.images_negate, "images_negate", images.handle_.get());
    for (auto& v : host.values) v = -v;
    for (auto& v : host.real_space) v = -v;
}

ResidentTransform Backend::transform(VolumeView map, const GriddingWindow& window, double padding_factor) const {
    const TransformArguments arguments{map.data, map.box, memory_host, window.width, 0, window.padding, padding_factor};
    Transform* handle = nullptr;
    call(session_->table.transform_create, "transform_create", &arguments, &handle);
    ResidentTransform out;
    out.handle_ = {session_, handle, session_->table.transform_destroy};
    return out;
}

void Backend::sample_slices(const ResidentTransform& transform, std::span<const Mat3f> rotations,
                            std::span<const FrequencyPoint> points, Complexf* out) const {
    const SliceArguments arguments{as<const float>(rotations.data()), as<const float>(points.data()), count_of(rotations),
                                   count_of(points), as<float>(out), memory_host, 0};
    call(session_->table.sample_slices, "sample_slices", transform.handle_.get(), &arguments);
}

CandidateArguments Backend::arguments_of(const PolishOptions& options, std::span<PoseCandidate> candidates) const {
    return {as<Candidate>(candidates.data()),
            count_of(candidates),
            static_cast<std::int64_t>(options.band.first),
            static_cast<std::int64_t>(options.band.last),
            options.shift_sigma_A,
            options.smallest_step,
            options.steps,
            memory_host};
}

void Backend::score_candidates(const ResidentImages& images, const ResidentTransform& map, const PolishOptions& options,
                               std::span<PoseCandidate> candidates) const {
    const auto arguments = arguments_of(options, candidates);
    call(session_->table.score_poses, "score_poses", images.handle_.get(), map.handle_.get(), &arguments);
}

void Backend::polish_poses(const ResidentImages& images, const ResidentTransform& map, const PolishOptions& options,
                           std::span<PoseCandidate> candidates) const {
    const auto arguments = arguments_of(options, candidates);
    call(session_->table.polish_poses, "polish_poses", images.handle_.get(), map.handle_.get(), &arguments);
}

void Backend::polish_shifts(const ResidentImages& images, const ResidentTransform& map, const PolishOptions& options,
                            std::span<PoseCandidate> candidates) const {
    const auto arguments = arguments_of(options, candidates);
    call(session_->table.polish_shifts, "polish_shifts", images.handle_.get(), map.handle_.get(), &arguments);
}

ResidentEquations Backend::accumulate(const ResidentImages& images, std::span<const WeightedPose> poses, Band band,
                                      const GriddingWindow& window, double padding_factor) const {
    Equations* handle = nullptr;
    call(session_->table.equations_create, "equations_create", images->box, static_cast<const Equations*>(nullptr), &handle);
    ResidentEquations out;
    out.box_ = images->box;
    out.handle_ = {session_, handle, session_->table.equations_destroy};
    const AccumulateArguments arguments{as<const PoseWeight>(poses.data()),
                                        count_of(poses),
                                        static_cast<std::int64_t>(band.first),
                                        static_cast<std::int64_t>(band.last),
                                        window.padding,
                                        padding_factor,
                                        window.width,
                                        memory_host};
    call(session_->table.equations_accumulate, "equations_accumulate", handle, images.handle_.get(), &arguments);
    return out;
}

ResidentEquations Backend::copy(const ResidentEquations& equations) const {
    Equations* handle = nullptr;
    call(session_->table.equations_create, "equations_create", equations.box_, equations.handle_.get(), &handle);
    ResidentEquations out;
    out.box_ = equations.box_;
    out.handle_ = {session_, handle, session_->table.equations_destroy};
    return out;
}

void Backend::add(ResidentEquations& equations, const ResidentEquations& other) const {
    call(session_->table.equations_add, "equations_add", equations.handle_.get(), other.handle_.get());
}

void Backend::subtract(ResidentEquations& equations, const ResidentEquations& other) const {
    call(session_->table.equations_subtract, "equations_subtract", equations.handle_.get(), other.handle_.get());
}

Volume Backend::solve(const ResidentEquations& equations, const SolveOptions& options) const {
    Volume map(equations.box_, 0);
    if (!options.mask.empty() && options.mask.size() != map.values.size())
        throw bad_input(fmt::format("the mask has {} voxels, expected {}", options.mask.size(), map.values.size()));
    const SolveArguments arguments{options.prior.empty() ? nullptr : options.prior.data(),
                                   options.mask.empty() ? nullptr : options.mask.data(),
                                   count_of(options.prior),
                                   options.tolerance,
                                   map.values.data(),
                                   options.steps,
                                   memory_host};
    call(session_->table.solve, "solve", equations.handle_.get(), &arguments);
    return map;
}

ResidentSearch Backend::search(const ResidentImages& images, const ResidentTransform& map, const PolarGrid& grid,
                               const AngularBasis& basis, std::span<const float> weights, std::span<const Mat3f> directions) const {
    std::vector<double> vectors;
    for (const auto& order : basis.vectors) vectors.insert(vectors.end(), order.begin(), order.end());
    const std::vector<std::int32_t> rank(basis.rank.begin(), basis.rank.end());
    const SearchArguments arguments{grid.rings.data(),    weights.data(),   rank.data(),          vectors.data(), as<const float>(directions.data()),
                                    count_of(grid.rings), count_of(rank),   count_of(directions), grid.angles,    memory_host};
    Search* handle = nullptr;
    call(session_->table.search_create, "search_create", images.handle_.get(), map.handle_.get(), &arguments, &handle);
    ResidentSearch out;
    out.angles_ = grid.angles;
    out.directions_ = count_of(directions);
    out.handle_ = {session_, handle, session_->table.search_destroy};
    return out;
}

ResidentRows Backend::rows(const ResidentSearch& search, std::span<const std::int64_t> images, std::span<const Vec2> shifts_px) const {
    const RowArguments arguments{images.data(), as<const double>(shifts_px.data()), count_of(images), memory_host, 0};
    Rows* handle = nullptr;
    call(session_->table.rows_create, "rows_create", search.handle_.get(), &arguments, &handle);
    ResidentRows out;
    out.rows_ = count_of(images);
    out.handle_ = {session_, handle, session_->table.rows_destroy};
    return out;
}

void Backend::score_pairs(const ResidentSearch& search, const ResidentRows& rows, std::span<const float> threshold,
                          std::span<float> maxima) const {
    if (count_of(maxima) < 2 * rows.rows_ * search.directions_ || (!threshold.empty() && count_of(threshold) != rows.rows_))
        throw bad_input(fmt::format("score: the arrays of maxima or thresholds do not fit {} rows", rows.rows_));
    const PairScoreArguments arguments{data_or_null(threshold), maxima.data(), memory_host, 0};
    call(session_->table.score_pairs, "score_pairs", search.handle_.get(), rows.handle_.get(), &arguments);
}

std::vector<float> Backend::score_curves(const ResidentSearch& search, const ResidentRows& rows, std::span<const SearchPair> pairs) const {
    std::vector<Pair> plain;
    plain.reserve(pairs.size());
    for (const auto& p : pairs) plain.push_back({p.row, p.direction, p.mirror, p.score});
    std::vector<float> curves(pairs.size() * static_cast<std::size_t>(search.angles_));
    const CurveArguments arguments{plain.data(), count_of(plain), curves.data(), memory_host, 0};
    call(session_->table.score_curves, "score_curves", search.handle_.get(), rows.handle_.get(), &arguments);
    return curves;
}

std::vector<std::vector<SearchPair>> Backend::best_pairs(const ResidentSearch& search, const ResidentRows& rows, const RowOwners& owners,
                                                         const ExhaustiveOptions& options, std::span<const float> incumbent) const {
    const auto images = static_cast<std::size_t>(owners.images());
    std::vector<Pair> pairs(images * static_cast<std::size_t>(options.count));
    std::vector<std::int64_t> found(images);
    const BestArguments arguments{batch_of(owners), data_or_null(incumbent), options.batch_rows, options.cut, options.count,
                                  pairs.data(),     found.data(),            memory_host,        0};
    call(session_->table.best_pairs, "best_pairs", search.handle_.get(), rows.handle_.get(), &arguments);
    return as_lists<SearchPair>(pairs, found, options.count, pair_of);
}

std::vector<std::vector<WeightedPair>> Backend::soft_pairs(const ResidentSearch& search, const ResidentRows& rows, const RowOwners& owners,
                                                           const SoftOptions& options) const {
    const auto images = static_cast<std::size_t>(owners.images());
    std::vector<WeighedPair> pairs(images * static_cast<std::size_t>(options.count));
    std::vector<std::int64_t> found(images);
    const SoftArguments arguments{batch_of(owners), options.temperature, options.smallest_weight, options.batch_rows,
                                  pairs.data(),     found.data(),        options.count,           memory_host};
    call(session_->table.soft_pairs, "soft_pairs", search.handle_.get(), rows.handle_.get(), &arguments);
    return as_lists<WeightedPair>(pairs, found, options.count, [](const WeighedPair& p) { return WeightedPair{pair_of(p.pair), p.weight}; });
}

std::vector<HillClimbStep> Backend::hill_climb(const ResidentSearch& search, const ResidentRows& rows, const RowOwners& owners,
                                               std::span<const float> previous, std::span<const ViewList> views,
                                               const HillClimbOptions& options) const {
    std::vector<std::int64_t> flat, first{0};
    for (const auto& list : views) {
        flat.insert(flat.end(), list.begin(), list.end());
        first.push_back(count_of(flat));
    }
    std::vector<ClimbStep> steps(static_cast<std::size_t>(owners.images()));
    const ClimbArguments arguments{batch_of(owners),
                                   previous.data(),
                                   views.empty() ? nullptr : flat.data(),
                                   views.empty() ? nullptr : first.data(),
                                   options.seed,
                                   options.pass,
                                   static_cast<std::uint32_t>(options.purpose),
                                   options.batch_rows,
                                   steps.data(),
                                   memory_host,
                                   0};
    call(session_->table.hill_climb, "hill_climb", search.handle_.get(), rows.handle_.get(), &arguments);
    std::vector<HillClimbStep> out;
    for (const auto& s : steps) out.push_back({pair_of(s.pair), s.visited, s.improved != 0});
    return out;
}

namespace {

AtomArguments arguments_of(const AtomScene& scene, std::int64_t images, std::size_t shells) {
    if (scene.poses.size() != static_cast<std::size_t>(images) || scene.image_weights.size() != scene.poses.size() ||
        scene.heights.size() != scene.positions_A.size() || scene.first_image < 0 || scene.image_count < 0 ||
        scene.first_image > images - scene.image_count)
        throw bad_input(fmt::format("sums over images {} to {} of {} need as many poses and weights as images ({} and {} were given) and as "
                                    "many heights as atoms ({} and {})",
                                    scene.first_image, scene.first_image + scene.image_count, images, scene.poses.size(),
                                    scene.image_weights.size(), scene.heights.size(), scene.positions_A.size()));
    AtomArguments arguments{};
    arguments.poses = as<const double>(scene.poses.data());
    arguments.image_weights = scene.image_weights.data();
    arguments.positions_A = as<const double>(scene.positions_A.data());
    arguments.heights = scene.heights.data();
    arguments.first_image = scene.first_image;
    arguments.image_count = scene.image_count;
    arguments.atom_count = count_of(scene.positions_A);
    arguments.shell_count = static_cast<std::int64_t>(shells);
    arguments.memory = memory_host;
    return arguments;
}

}  // namespace

void Backend::add_profile_sums(const ResidentImages& images, const AtomScene& scene, bool depth, ProfileSums& sums) const {
    AtomArguments arguments = tumble::arguments_of(scene, images->images, sums.shells.size());
    arguments.with_depth = depth;
    arguments.profile_sums = as<double>(sums.shells.data());
    call(session_->table.profile_sums, "profile_sums", images.handle_.get(), &arguments);
}

void Backend::add_atom_gradients(const ResidentImages& images, const AtomScene& scene, const ProjectedProfile& profile,
                                 const AtomGradients& out) const {
    AtomArguments arguments = tumble::arguments_of(scene, images->images, profile.direct.size());
    arguments.with_depth = !profile.depth.empty();
    if (out.gradient.size() != scene.positions_A.size() || out.scatter.size() != out.gradient.size() ||
        count_of(out.likelihood) != scene.image_count || out.residual.size() != out.likelihood.size() ||
        (arguments.with_depth && profile.depth.size() != profile.direct.size()))
        throw bad_input(fmt::format("gradients of {} atoms by {} images: the arrays given do not fit", scene.positions_A.size(),
                                    scene.image_count));
    arguments.direct = profile.direct.data();
    arguments.depth = data_or_null(std::span<const double>(profile.depth));
    arguments.gradient = as<double>(out.gradient.data());
    arguments.scatter = as<double>(out.scatter.data());
    arguments.likelihood = out.likelihood.data();
    arguments.residual = out.residual.data();
    call(session_->table.atom_gradients, "atom_gradients", images.handle_.get(), &arguments);
}

std::vector<OverlapSums> Backend::overlap_sums(std::span<const Vec3> apart_A, std::span<const WeightedView> views,
                                               const OverlapTable& overlap) const {
    std::vector<OverlapSums> sums(apart_A.size());
    OverlapArguments arguments{};
    arguments.apart_A = as<const double>(apart_A.data());
    arguments.views = as<const double>(views.data());
    arguments.table = as<const double>(overlap.values.data());
    arguments.limit = overlap.limit;
    arguments.per_step = overlap.per_step;
    arguments.pair_count = count_of(apart_A);
    arguments.view_count = count_of(views);
    arguments.table_count = count_of(overlap.values);
    arguments.sums = as<double>(sums.data());
    arguments.memory = memory_host;
    call(session_->table.overlap_sums, "overlap_sums", &arguments);
    return sums;
}

}  // namespace tumble
