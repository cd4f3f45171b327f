#include "backend/several_devices.hpp"

#include <algorithm>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <new>
#include <span>
#include <string_view>
#include <utility>

#include "core/threads.hpp"
#include "pose/preparation_tables.hpp"
#include "tumble/error.hpp"

namespace tumble::backend {
namespace {

std::size_t size(std::int64_t count) {
    return static_cast<std::size_t>(count);
}

// ---- lists of devices ----

struct List {
    const Operations& base;
    std::vector<int> devices;
};

/// The lists that were asked for since the process began; a deque, so that they stay where they are.
struct Lists {
    std::mutex mutex;
    std::deque<List> all;
};
Lists& lists() {
    static Lists one;
    return one;
}

const List* list_of(int number) {
    Lists& l = lists();
    const std::lock_guard lock(l.mutex);
    return number < 0 || size(number) >= l.all.size() ? nullptr : &l.all[size(number)];
}

std::string name_of(const List& list) {
    std::string name = list.base.name;
    char before = ':';
    for (const int device : list.devices) {
        name += std::exchange(before, ',');
        name += std::to_string(device);
    }
    return name;
}
std::string name_of(const List& list, std::size_t d) {
    return std::string(list.base.name) + ":" + std::to_string(list.devices[d]);
}

// ---- how images are dealt out ----

/// Image i is number local(i) of device owner(i).
struct Stripes {
    static constexpr std::int64_t width = 2;
    std::int64_t devices = 1;

    std::int64_t owner(std::int64_t i) const { return i / width % devices; }
    std::int64_t local(std::int64_t i) const { return i / (width * devices) * width + i % width; }
    std::int64_t global(std::int64_t device, std::int64_t local) const {
        return local / width * width * devices + device * width + local % width;
    }
    /// Of the first `images`, how many are the device's.
    std::int64_t before(std::int64_t device, std::int64_t images) const {
        const std::int64_t round = width * devices;
        return images / round * width + std::clamp<std::int64_t>(images % round - device * width, 0, width);
    }
};

// ---- contexts and handles ----

/// What ends an entry.
struct Failure {
    std::int32_t status;
    std::string sentence;
};

struct SeveralContext {
    explicit SeveralContext(const List& devices)
        : list(devices),
          base(devices.base),
          stripes{static_cast<std::int64_t>(devices.devices.size())},
          workers(static_cast<int>(devices.devices.size())) {}
    ~SeveralContext() {
        for (Context* context : contexts) base.context_destroy(context);
    }
    SeveralContext(const SeveralContext&) = delete;
    SeveralContext& operator=(const SeveralContext&) = delete;

    std::size_t devices() const { return list.devices.size(); }
    Context* first() const { return contexts[0]; }

    const List& list;
    const Operations& base;
    const Stripes stripes;
    std::vector<Context*> contexts;
    ThreadPool workers;  ///< one a device, always the same
    std::string error;
};

/// A handle a device; null where the device has no part. The first device has one in any case.
template <class Handle>
using PerDevice = std::vector<Handle*>;

struct SharedImages {
    std::int64_t images = 0;
    PerDevice<Images> of;
};
struct SharedTransform {
    PerDevice<Transform> of;
};
struct SharedSearch {
    std::int64_t images = 0, directions = 0;
    int angles = 0;
    PerDevice<Search> of;
};
struct SharedRows {
    PerDevice<Rows> of;
    std::vector<std::size_t> owner;                 ///< [row]
    std::vector<std::int64_t> local;                ///< [row]: its number there
    std::vector<std::vector<std::int64_t>> global;  ///< [device][number there]
};

template <class Handle>
struct Behind;
template <>
struct Behind<Context> {
    using Type = SeveralContext;
};
template <>
struct Behind<Images> {
    using Type = SharedImages;
};
template <>
struct Behind<Transform> {
    using Type = SharedTransform;
};
template <>
struct Behind<Search> {
    using Type = SharedSearch;
};
template <>
struct Behind<Rows> {
    using Type = SharedRows;
};
template <class Handle>
auto& behind(Handle* handle) {
    using Plain = typename Behind<std::remove_const_t<Handle>>::Type;
    using Type = std::conditional_t<std::is_const_v<Handle>, const Plain, Plain>;
    return *reinterpret_cast<Type*>(handle);
}

[[noreturn]] void refuse(std::string sentence) {
    throw Failure{status_input, std::move(sentence)};
}

template <class Body>
std::int32_t caught(std::string& error, Body&& body) noexcept {
    try {
        body();
        return status_good;
    } catch (const Failure& f) {
        error = f.sentence;
        return f.status;
    } catch (const std::bad_alloc&) {
        error = "out of memory";
        return status_memory;
    } catch (const std::exception& e) {
        error = e.what();
        return status_internal;
    }
}

/// Runs body(context) and turns what it throws into a status, with the sentence in the context.
template <class Body>
std::int32_t in_context(Context* context, Body&& body) {
    SeveralContext& c = behind(context);
    return caught(c.error, [&] { body(c); });
}
/// The same for entries whose argument struct says where its arrays lie.
template <class Arguments, class Body>
std::int32_t from_host(Context* context, const Arguments* a, Body&& body) {
    return in_context(context, [&](SeveralContext& c) {
        if (a->memory != memory_host)
            throw Failure{status_device, "the backend of several devices was given arrays in memory space " +
                                             std::to_string(a->memory) + ", expected " +
                                             std::to_string(memory_host) + " (host)"};
        body(c);
    });
}

/// A fault of a device is told with its name, one of the input in the words of one device.
void require_good(const SeveralContext& c, std::size_t d, std::int32_t status) {
    if (status == status_good) return;
    const std::string sentence = c.base.error_text(c.contexts[d]), name = name_of(c.list, d) + ": ";
    const bool said = status < status_memory || sentence.find(c.base.name + std::string(":")) == 0;
    throw Failure{status, (said ? "" : name) + sentence};
}

/// body(device) -> status, on every device in its own thread. Returns when all have ended; the failure of the
/// first of them that failed is thrown.
template <class Body>
void on_all(SeveralContext& c, Body&& body) {
    std::vector<std::int32_t> status(c.devices(), status_good);
    c.workers.run(static_cast<std::int64_t>(c.devices()), [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t d = begin; d < end; d++) status[size(d)] = body(size(d));
    });
    for (std::size_t d = 0; d < status.size(); d++) require_good(c, d, status[d]);
}

template <class Handle>
void destroy_all(const SeveralContext& c, const PerDevice<Handle>& of, void (*destroy)(Context*, Handle*)) {
    for (std::size_t d = 0; d < of.size(); d++) destroy(c.contexts[d], of[d]);
}

/// Hands out what `fill` has made, or destroys the handles that it had made when it failed.
template <class Handle, class Part, class Fill>
void hand_out(SeveralContext& c, Handle** out, void (*destroy)(Context*, Part*), Fill&& fill) {
    auto made = std::make_unique<typename Behind<Handle>::Type>();
    made->of.resize(c.devices());
    try {
        fill(*made);
    } catch (...) {
        destroy_all(c, made->of, destroy);
        throw;
    }
    *out = reinterpret_cast<Handle*>(made.release());
}

template <class Handle, class Part>
void destroy_shared(Context* context, Handle* handle, void (*destroy)(Context*, Part*)) {
    if (!handle) return;
    const std::unique_ptr<typename Behind<Handle>::Type> owner(&behind(handle));
    destroy_all(behind(context), owner->of, destroy);
}

// ---- devices ----

std::int32_t device_count(std::int32_t* count) {
    const std::lock_guard lock(lists().mutex);
    *count = static_cast<std::int32_t>(lists().all.size());
    return status_good;
}

std::int32_t device_describe(std::int32_t number, DeviceDescription* out) {
    *out = {};
    const List* list = list_of(number);
    if (!list) return status_device;
    DeviceDescription all{};
    for (std::size_t d = 0; d < list->devices.size(); d++) {
        DeviceDescription one{};
        if (const std::int32_t status = list->base.device_describe(list->devices[d], &one);
            status != status_good)
            return status;
        const bool older = std::pair(one.major, one.minor) < std::pair(all.major, all.minor);
        if (d == 0 || older) all.major = one.major, all.minor = one.minor;
        if (d == 0) std::memcpy(all.name, one.name, sizeof all.name);
        all.total_bytes += one.total_bytes;
        all.free_bytes += one.free_bytes;
        all.multiprocessors += one.multiprocessors;
    }
    *out = all;
    return status_good;
}

/// The run of the device with the largest share, on each device; the equations are counted on all of them.
std::int32_t plan_run(std::int32_t number, const RunSizes* sizes, RunPlan* out) {
    *out = {};
    const List* list = list_of(number);
    if (!list) return status_device;
    const Stripes stripes{static_cast<std::int64_t>(list->devices.size())};
    const std::int64_t all = std::max<std::int64_t>(1, sizes->images);
    RunSizes share = *sizes;
    share.images = stripes.before(0, sizes->images);
    const auto part_of = [&](std::int64_t items) {
        return static_cast<std::int64_t>(static_cast<double>(items) / static_cast<double>(all) *
                                         static_cast<double>(share.images)) +
               1;
    };
    if (sizes->poses > 0) share.poses = std::min(sizes->poses, part_of(sizes->poses));
    if (sizes->candidates > 0) share.candidates = std::min(sizes->candidates, part_of(sizes->candidates));
    if (sizes->images_a_batch > 0) {
        share.images_a_batch = std::min(share.images, stripes.before(0, sizes->images_a_batch));
        share.rows = sizes->rows / sizes->images_a_batch * share.images_a_batch;
    }
    const auto room = [](const RunPlan& plan) {
        return static_cast<double>(plan.free_bytes) - static_cast<double>(plan.peak_bytes);
    };
    for (std::size_t d = 0; d < list->devices.size(); d++) {
        RunPlan plan{};
        if (const std::int32_t status = list->base.plan_run(list->devices[d], &share, &plan);
            status != status_good)
            return status;
        if (plan.shortage[0]) {
            const std::string sentence = name_of(*list, d) + ": " + plan.shortage;
            std::memset(plan.shortage, 0, sizeof plan.shortage);
            std::memcpy(plan.shortage, sentence.data(), std::min(sentence.size(), sizeof plan.shortage - 1));
            *out = plan;
            return status_good;
        }
        if (d == 0 || room(plan) < room(*out)) *out = plan;
    }
    return status_good;
}

std::int32_t context_create(const ContextArguments* a, Context** out) {
    *out = nullptr;
    std::string error;
    const std::int32_t status = caught(error, [&] {
        const List* list = list_of(a->device);
        if (!list)
            throw Failure{status_device, "device " + std::to_string(a->device) +
                                             " was asked for, which stands for no list of devices"};
        auto made = std::make_unique<SeveralContext>(*list);
        for (std::size_t d = 0; d < list->devices.size(); d++) {
            char sentence[512] = {};
            const ContextArguments one{list->devices[d], a->threads, nullptr, sentence, sizeof sentence};
            Context* context = nullptr;
            made->contexts.reserve(list->devices.size());
            if (const std::int32_t failed = list->base.context_create(&one, &context); failed != status_good)
                throw Failure{failed, name_of(*list, d) + ": " + sentence};
            made->contexts.push_back(context);
        }
        *out = reinterpret_cast<Context*>(made.release());
    });
    if (status != status_good && a->error && a->error_capacity > 0) {
        const auto length = std::min(error.size(), size(a->error_capacity) - 1);
        std::memcpy(a->error, error.data(), length);
        a->error[length] = 0;
    }
    return status;
}

void context_destroy(Context* context) {
    if (context) delete &behind(context);
}

const char* error_text(const Context* context) {
    return behind(context).error.c_str();
}

// ---- images, maps, slices ----

/// The device's images of an array with `length` values for each.
std::vector<float> dealt(const SeveralContext& c, std::size_t d, const float* values, std::int64_t images,
                         std::size_t length) {
    std::vector<float> out(size(c.stripes.before(static_cast<std::int64_t>(d), images)) * length);
    for (std::size_t i = 0; i * length < out.size(); i++) {
        const auto from =
            size(c.stripes.global(static_cast<std::int64_t>(d), static_cast<std::int64_t>(i))) * length;
        std::copy_n(values + from, length, out.begin() + static_cast<std::ptrdiff_t>(i * length));
    }
    return out;
}

std::int32_t images_create(Context* context, const ImageArrays* a, Images** out) {
    *out = nullptr;
    return from_host(context, a, [&](SeveralContext& c) {
        hand_out(c, out, c.base.images_destroy, [&](SharedImages& made) {
            made.images = a->images;
            on_all(c, [&](std::size_t d) -> std::int32_t {
                ImageArrays share = *a;
                share.images = c.stripes.before(static_cast<std::int64_t>(d), a->images);
                if (share.images == 0 && d > 0) return status_good;
                const auto values = dealt(c, d, a->values, a->images, 2 * size(a->points));
                const auto real_space = dealt(c, d, a->real_space, a->images, size(a->box) * size(a->box));
                share.values = values.data();
                share.real_space = real_space.data();
                return c.base.images_create(c.contexts[d], &share, &made.of[d]);
            });
        });
    });
}

/// What the device has made for its images, to their places in the array of all.
void gather(const SeveralContext& c, std::size_t d, const std::vector<float>& from, std::size_t length,
            float* to) {
    for (std::size_t i = 0; i * length < from.size(); i++) {
        const auto image = size(c.stripes.global(static_cast<std::int64_t>(d), static_cast<std::int64_t>(i)));
        std::copy_n(from.data() + i * length, length, to + image * length);
    }
}

void add(const std::vector<double>& from, double* to) {
    for (std::size_t i = 0; i < from.size(); i++) to[i] += from[i];
}

std::int32_t images_prepare(Context* context, const PreparationArguments* a, Images** out) {
    *out = nullptr;
    return from_host(context, a, [&](SeveralContext& c) {
        const std::size_t points = 2 * size(a->points), pixels = size(a->box) * size(a->box);
        const std::size_t inside = size(a->box / 2 + 1),
                          outside = size(std::min(a->height, a->width) / 2 + 1);
        const bool noise = a->outside_power && measures_noise(noise_window(
                                                   a->height, a->width, a->mask_radius_A, a->pixel_size_A));
        std::vector<std::vector<double>> inside_power(c.devices()), outside_power(c.devices());
        hand_out(c, out, c.base.images_destroy, [&](SharedImages& made) {
            made.images = a->images;
            on_all(c, [&](std::size_t d) -> std::int32_t {
                PreparationArguments share = *a;
                share.images = c.stripes.before(static_cast<std::int64_t>(d), a->images);
                if (share.images == 0 && d > 0) return status_good;
                const auto stack = dealt(c, d, a->stack, a->images, size(a->height * a->width));
                std::vector<double> contrast;
                for (std::int64_t i = 0; i < share.images; i++) {
                    const double* of_image =
                        a->contrast + 2 * c.stripes.global(static_cast<std::int64_t>(d), i);
                    contrast.insert(contrast.end(), of_image, of_image + 2);
                }
                std::vector<float> values(a->values ? size(share.images) * points : 0);
                std::vector<float> real_space(a->real_space ? size(share.images) * pixels : 0);
                inside_power[d].assign(inside, 0);
                outside_power[d].assign(noise ? outside : 0, 0);
                share.stack = stack.data();
                share.contrast = contrast.data();
                share.values = a->values ? values.data() : nullptr;
                share.real_space = a->real_space ? real_space.data() : nullptr;
                share.inside_power = inside_power[d].data();
                share.outside_power = noise ? outside_power[d].data() : nullptr;
                const std::int32_t status = c.base.images_prepare(c.contexts[d], &share, &made.of[d]);
                if (status != status_good) return status;
                if (a->values) gather(c, d, values, points, a->values);
                if (a->real_space) gather(c, d, real_space, pixels, a->real_space);
                return status_good;
            });
        });
        std::fill_n(a->inside_power, inside, 0.0);
        if (noise) std::fill_n(a->outside_power, outside, 0.0);
        for (std::size_t d = 0; d < c.devices(); d++) {
            add(inside_power[d], a->inside_power);
            if (noise) add(outside_power[d], a->outside_power);
        }
    });
}

std::int32_t images_set_weights(Context* context, Images* images, const float* weights) {
    return in_context(context, [&](SeveralContext& c) {
        on_all(c, [&](std::size_t d) -> std::int32_t {
            Images* own = behind(images).of[d];
            return own ? c.base.images_set_weights(c.contexts[d], own, weights)
                       : static_cast<std::int32_t>(status_good);
        });
    });
}

std::int32_t images_negate(Context* context, Images* images) {
    return in_context(context, [&](SeveralContext& c) {
        on_all(c, [&](std::size_t d) -> std::int32_t {
            Images* own = behind(images).of[d];
            return own ? c.base.images_negate(c.contexts[d], own) : static_cast<std::int32_t>(status_good);
        });
    });
}

void images_destroy(Context* context, Images* images) {
    destroy_shared(context, images, behind(context).base.images_destroy);
}

std::int32_t transform_create(Context* context, const TransformArguments* a, Transform** out) {
    *out = nullptr;
    return from_host(context, a, [&](SeveralContext& c) {
        hand_out(c, out, c.base.transform_destroy, [&](SharedTransform& made) {
            on_all(c, [&](std::size_t d) { return c.base.transform_create(c.contexts[d], a, &made.of[d]); });
        });
    });
}

void transform_destroy(Context* context, Transform* transform) {
    destroy_shared(context, transform, behind(context).base.transform_destroy);
}

/// body(device, first, count) -> status, on the devices that have a part of `items`, and on the first.
template <class Body>
void on_equal_parts(SeveralContext& c, std::int64_t items, Body&& body) {
    const auto devices = static_cast<std::int64_t>(c.devices());
    on_all(c, [&](std::size_t d) -> std::int32_t {
        const auto n = static_cast<std::int64_t>(d);
        const std::int64_t each = items / devices, more = items % devices;
        const std::int64_t first = n * each + std::min(n, more), count = each + (n < more ? 1 : 0);
        return count == 0 && d > 0 ? static_cast<std::int32_t>(status_good) : body(d, first, count);
    });
}

std::int32_t image_means(Context* context, const MeansArguments* a) {
    return from_host(context, a, [&](SeveralContext& c) {
        on_equal_parts(c, a->images, [&](std::size_t d, std::int64_t first, std::int64_t count) {
            MeansArguments part = *a;
            part.stack = a->stack + first * a->height * a->width;
            part.images = count;
            part.means = a->means + 4 * first;
            return c.base.image_means(c.contexts[d], &part);
        });
    });
}

std::int32_t sample_slices(Context* context, const Transform* transform, const SliceArguments* a) {
    return from_host(context, a, [&](SeveralContext& c) {
        on_equal_parts(c, a->rotation_count, [&](std::size_t d, std::int64_t first, std::int64_t count) {
            SliceArguments part = *a;
            part.rotations = a->rotations + 9 * first;
            part.rotation_count = count;
            part.out = a->out + 2 * first * a->point_count;
            return c.base.sample_slices(c.contexts[d], behind(transform).of[d], &part);
        });
    });
}

// ---- poses ----

using CandidateEntry = std::int32_t (*)(Context*, const Images*, const Transform*, const CandidateArguments*);

std::int32_t for_candidates(Context* context, const Images* images, const Transform* transform,
                            const CandidateArguments* a, CandidateEntry Operations::*entry) {
    return from_host(context, a, [&](SeveralContext& c) {
        std::vector<std::vector<std::int64_t>> whose(c.devices());
        const std::int64_t all = behind(images).images;
        for (std::int64_t i = 0; i < a->count; i++) {
            const std::int64_t image = a->candidates[i].image;
            if (image < 0 || image >= all)
                refuse("candidate " + std::to_string(i) + " names image " + std::to_string(image) +
                       ", expected 0 to " + std::to_string(all - 1));
            whose[size(c.stripes.owner(image))].push_back(i);
        }
        std::vector<std::vector<Candidate>> parts(c.devices());
        on_all(c, [&](std::size_t d) -> std::int32_t {
            if (whose[d].empty() && d > 0) return status_good;
            for (const std::int64_t i : whose[d]) {
                parts[d].push_back(a->candidates[i]);
                parts[d].back().image = c.stripes.local(parts[d].back().image);
            }
            CandidateArguments part = *a;
            part.candidates = parts[d].data();
            part.count = static_cast<std::int64_t>(parts[d].size());
            return (c.base.*entry)(c.contexts[d], behind(images).of[d], behind(transform).of[d], &part);
        });
        for (std::size_t d = 0; d < c.devices(); d++)
            for (std::size_t k = 0; k < whose[d].size(); k++) {
                Candidate& to = a->candidates[whose[d][k]];
                const std::int64_t image = to.image;
                to = parts[d][k];
                to.image = image;
            }
    });
}

std::int32_t score_poses(Context* context, const Images* images, const Transform* transform,
                         const CandidateArguments* a) {
    return for_candidates(context, images, transform, a, &Operations::score_poses);
}
std::int32_t polish_poses(Context* context, const Images* images, const Transform* transform,
                          const CandidateArguments* a) {
    return for_candidates(context, images, transform, a, &Operations::polish_poses);
}
std::int32_t polish_shifts(Context* context, const Images* images, const Transform* transform,
                           const CandidateArguments* a) {
    return for_candidates(context, images, transform, a, &Operations::polish_shifts);
}

// ---- normal equations: handles of the first device ----

/// A call on the first device alone.
template <class Body>
std::int32_t on_first(Context* context, Body&& body) {
    return in_context(context, [&](SeveralContext& c) { require_good(c, 0, body(c)); });
}

std::int32_t equations_create(Context* context, std::int32_t box, const Equations* from, Equations** out) {
    return on_first(context,
                    [&](SeveralContext& c) { return c.base.equations_create(c.first(), box, from, out); });
}
void equations_destroy(Context* context, Equations* equations) {
    behind(context).base.equations_destroy(behind(context).first(), equations);
}
std::int32_t equations_add(Context* context, Equations* equations, const Equations* other) {
    return on_first(context,
                    [&](SeveralContext& c) { return c.base.equations_add(c.first(), equations, other); });
}
std::int32_t equations_subtract(Context* context, Equations* equations, const Equations* other) {
    return on_first(
        context, [&](SeveralContext& c) { return c.base.equations_subtract(c.first(), equations, other); });
}
std::int32_t solve(Context* context, const Equations* equations, const SolveArguments* a) {
    return on_first(context, [&](SeveralContext& c) { return c.base.solve(c.first(), equations, a); });
}

std::int32_t equations_accumulate(Context* context, Equations* equations, const Images* images,
                                  const AccumulateArguments* a) {
    return from_host(context, a, [&](SeveralContext& c) {
        const std::int64_t all = behind(images).images;
        std::vector<std::vector<PoseWeight>> poses(c.devices());
        for (std::int64_t i = 0; i < a->count; i++) {
            PoseWeight pose = a->poses[i];
            if (pose.image < 0 || pose.image >= all)
                refuse("insertion: found image " + std::to_string(pose.image) + ", expected one of " +
                       std::to_string(all));
            const auto owner = size(c.stripes.owner(pose.image));
            pose.image = c.stripes.local(pose.image);
            poses[owner].push_back(pose);
        }
        std::vector<ImageShare> shares;
        for (std::size_t d = 0; d < c.devices(); d++)
            if (d == 0 || !poses[d].empty())
                shares.push_back({c.contexts[d], behind(images).of[d], poses[d].data(),
                                  static_cast<std::int64_t>(poses[d].size())});
        require_good(c, 0,
                     c.base.equations_accumulate_shares(c.first(), equations, shares.data(),
                                                        static_cast<std::int64_t>(shares.size()), a));
    });
}

/// The same for shares of contexts that are themselves of several devices: one after the other.
std::int32_t equations_accumulate_shares(Context* context, Equations* equations, const ImageShare* shares,
                                         std::int64_t share_count, const AccumulateArguments* a) {
    for (std::int64_t i = 0; i < share_count; i++) {
        if (shares[i].context != context)
            return in_context(context, [](SeveralContext&) {
                refuse("insertion: images of another context of several devices");
            });
        AccumulateArguments of_share = *a;
        of_share.poses = shares[i].poses;
        of_share.count = shares[i].count;
        const std::int32_t status = equations_accumulate(context, equations, shares[i].images, &of_share);
        if (status != status_good) return status;
    }
    return status_good;
}

// ---- search ----

std::int32_t search_create(Context* context, const Images* images, const Transform* transform,
                           const SearchArguments* a, Search** out) {
    *out = nullptr;
    return from_host(context, a, [&](SeveralContext& c) {
        hand_out(c, out, c.base.search_destroy, [&](SharedSearch& made) {
            made.images = behind(images).images;
            made.directions = a->direction_count;
            made.angles = a->angles;
            on_all(c, [&](std::size_t d) -> std::int32_t {
                const Images* own = behind(images).of[d];
                return own ? c.base.search_create(c.contexts[d], own, behind(transform).of[d], a, &made.of[d])
                           : static_cast<std::int32_t>(status_good);
            });
        });
    });
}

void search_destroy(Context* context, Search* search) {
    destroy_shared(context, search, behind(context).base.search_destroy);
}

std::int32_t rows_create(Context* context, const Search* search, const RowArguments* a, Rows** out) {
    *out = nullptr;
    return from_host(context, a, [&](SeveralContext& c) {
        hand_out(c, out, c.base.rows_destroy, [&](SharedRows& made) {
            made.global.resize(c.devices());
            for (std::int64_t r = 0; r < a->count; r++) {
                if (a->images[r] < 0 || a->images[r] >= behind(search).images)
                    refuse("rows: image " + std::to_string(a->images[r]) + " is outside the samples given");
                const auto owner = size(c.stripes.owner(a->images[r]));
                made.owner.push_back(owner);
                made.local.push_back(static_cast<std::int64_t>(made.global[owner].size()));
                made.global[owner].push_back(r);
            }
            on_all(c, [&](std::size_t d) -> std::int32_t {
                if (made.global[d].empty() && d > 0) return status_good;
                std::vector<std::int64_t> images;
                std::vector<double> shifts;
                for (const std::int64_t r : made.global[d]) {
                    images.push_back(c.stripes.local(a->images[r]));
                    shifts.insert(shifts.end(), a->shifts_px + 2 * r, a->shifts_px + 2 * r + 2);
                }
                RowArguments part = *a;
                part.images = images.data();
                part.shifts_px = shifts.data();
                part.count = static_cast<std::int64_t>(images.size());
                return c.base.rows_create(c.contexts[d], behind(search).of[d], &part, &made.of[d]);
            });
        });
    });
}

void rows_destroy(Context* context, Rows* rows) {
    destroy_shared(context, rows, behind(context).base.rows_destroy);
}

std::int32_t score_pairs(Context* context, const Search* search, const Rows* rows,
                         const PairScoreArguments* a) {
    return from_host(context, a, [&](SeveralContext& c) {
        const SharedRows& r = behind(rows);
        const auto columns = 2 * size(behind(search).directions);
        on_all(c, [&](std::size_t d) -> std::int32_t {
            if (!r.of[d]) return status_good;
            std::vector<float> threshold, maxima(r.global[d].size() * columns);
            if (a->threshold)
                for (const std::int64_t row : r.global[d]) threshold.push_back(a->threshold[row]);
            PairScoreArguments part = *a;
            part.threshold = a->threshold ? threshold.data() : nullptr;
            part.maxima = maxima.data();
            const std::int32_t status =
                c.base.score_pairs(c.contexts[d], behind(search).of[d], r.of[d], &part);
            for (std::size_t k = 0; status == status_good && k < r.global[d].size(); k++)
                std::copy_n(maxima.data() + k * columns, columns, a->maxima + size(r.global[d][k]) * columns);
            return status;
        });
    });
}

std::int32_t score_curves(Context* context, const Search* search, const Rows* rows, const CurveArguments* a) {
    return from_host(context, a, [&](SeveralContext& c) {
        const SharedRows& r = behind(rows);
        const auto angles = size(behind(search).angles);
        std::vector<std::vector<std::int64_t>> whose(c.devices());
        for (std::int64_t i = 0; i < a->count; i++) {
            const std::int64_t row = a->pairs[i].row;
            if (row < 0 || size(row) >= r.owner.size())
                refuse("score: row " + std::to_string(row) + " or direction " +
                       std::to_string(a->pairs[i].direction) + " is out of range");
            whose[r.owner[size(row)]].push_back(i);
        }
        on_all(c, [&](std::size_t d) -> std::int32_t {
            if (whose[d].empty()) return status_good;
            std::vector<Pair> pairs;
            for (const std::int64_t i : whose[d]) {
                pairs.push_back(a->pairs[i]);
                pairs.back().row = r.local[size(pairs.back().row)];
            }
            std::vector<float> curves(pairs.size() * angles);
            CurveArguments part = *a;
            part.pairs = pairs.data();
            part.count = static_cast<std::int64_t>(pairs.size());
            part.curves = curves.data();
            const std::int32_t status =
                c.base.score_curves(c.contexts[d], behind(search).of[d], r.of[d], &part);
            for (std::size_t k = 0; status == status_good && k < whose[d].size(); k++)
                std::copy_n(curves.data() + k * angles, angles, a->curves + size(whose[d][k]) * angles);
            return status;
        });
    });
}

/// The images of a batch whose rows a device has.
struct BatchPart {
    std::vector<std::int64_t> first_row{0}, numbers, which;  ///< which: their places in the batch
    Batch batch() const {
        return {first_row.data(), numbers.data(), static_cast<std::int64_t>(which.size()), 0};
    }
    template <class T>
    std::vector<T> of(const T* of_all) const {
        std::vector<T> out;
        for (const std::int64_t i : which) out.push_back(of_all[i]);
        return out;
    }
};

std::vector<BatchPart> parts_of(const SeveralContext& c, const Batch& batch, const SharedRows& rows) {
    const auto total = static_cast<std::int64_t>(rows.owner.size());
    bool good = batch.images >= 0 && batch.first_row[0] == 0 && batch.first_row[batch.images] == total;
    for (std::int64_t i = 0; good && i < batch.images; i++)
        good = batch.first_row[i] <= batch.first_row[i + 1];
    if (!good)
        refuse("search: the images' rows do not cover the panel of " + std::to_string(total) +
               " rows in ascending order");
    std::vector<BatchPart> parts(c.devices());
    for (std::int64_t i = 0; i < batch.images; i++) {
        const std::int64_t begin = batch.first_row[i], end = batch.first_row[i + 1];
        const std::size_t owner = begin == end ? 0 : rows.owner[size(begin)];
        for (std::int64_t r = begin; r < end; r++)
            if (rows.owner[size(r)] != owner)
                refuse("search: row " + std::to_string(r) + " is not of the same image as row " +
                       std::to_string(begin) + ", expected one image's rows together");
        BatchPart& part = parts[owner];
        part.which.push_back(i);
        part.numbers.push_back(batch.numbers ? batch.numbers[i] : batch.first_image + i);
        part.first_row.push_back(part.first_row.back() + end - begin);
    }
    return parts;
}

/// A search with lists of up to `count` results an image; `pair` says where the pair of a result is.
template <class Arguments, class Result, class GetPair>
std::int32_t lists_of(Context* context, const Search* search, const Rows* rows, const Arguments* a,
                      Result* results,
                      std::int32_t (*Operations::*entry)(Context*, const Search*, const Rows*,
                                                         const Arguments*),
                      GetPair pair) {
    return from_host(context, a, [&](SeveralContext& c) {
        const SharedRows& r = behind(rows);
        const std::vector<BatchPart> parts = parts_of(c, a->batch, r);
        const auto count = size(std::max(0, a->count));
        on_all(c, [&](std::size_t d) -> std::int32_t {
            if (!r.of[d]) return status_good;
            const BatchPart& part = parts[d];
            std::vector<Result> pairs(part.which.size() * count);
            std::vector<std::int64_t> found(part.which.size());
            Arguments own = *a;
            own.batch = part.batch();
            own.pairs = pairs.data();
            own.found = found.data();
            [[maybe_unused]] std::vector<float> incumbent;
            if constexpr (requires { own.incumbent; })
                if (a->incumbent) {
                    incumbent = part.of(a->incumbent);
                    own.incumbent = incumbent.data();
                }
            const std::int32_t status = (c.base.*entry)(c.contexts[d], behind(search).of[d], r.of[d], &own);
            for (std::size_t i = 0; status == status_good && i < part.which.size(); i++) {
                const auto image = size(part.which[i]);
                a->found[image] = found[i];
                for (std::size_t k = 0; k < size(found[i]); k++) {
                    Result& to = results[image * count + k];
                    to = pairs[i * count + k];
                    pair(to).row = r.global[d][size(pair(to).row)];
                }
            }
            return status;
        });
    });
}

std::int32_t best_pairs(Context* context, const Search* search, const Rows* rows, const BestArguments* a) {
    return lists_of(context, search, rows, a, a->pairs, &Operations::best_pairs,
                    [](Pair& p) -> Pair& { return p; });
}
std::int32_t soft_pairs(Context* context, const Search* search, const Rows* rows, const SoftArguments* a) {
    return lists_of(context, search, rows, a, a->pairs, &Operations::soft_pairs,
                    [](WeighedPair& p) -> Pair& { return p.pair; });
}

std::int32_t hill_climb(Context* context, const Search* search, const Rows* rows, const ClimbArguments* a) {
    return from_host(context, a, [&](SeveralContext& c) {
        const SharedRows& r = behind(rows);
        const std::vector<BatchPart> parts = parts_of(c, a->batch, r);
        for (std::int64_t i = 0; i < a->batch.images; i++)
            if (a->batch.first_row[i] == a->batch.first_row[i + 1])
                refuse("hill climbing: image " + std::to_string(i) + " has no row");
        on_all(c, [&](std::size_t d) -> std::int32_t {
            if (!r.of[d]) return status_good;
            const BatchPart& part = parts[d];
            std::vector<std::int64_t> views, first_view{0};
            for (const std::int64_t i : part.which) {
                if (a->views)
                    views.insert(views.end(), a->views + a->first_view[i], a->views + a->first_view[i + 1]);
                first_view.push_back(static_cast<std::int64_t>(views.size()));
            }
            views.reserve(1);  // no list at all is told by a null
            const std::vector<float> previous = part.of(a->previous);
            std::vector<ClimbStep> steps(part.which.size());
            ClimbArguments own = *a;
            own.batch = part.batch();
            own.previous = previous.data();
            own.views = a->views ? views.data() : nullptr;
            own.first_view = a->views ? first_view.data() : nullptr;
            own.steps = steps.data();
            const std::int32_t status = c.base.hill_climb(c.contexts[d], behind(search).of[d], r.of[d], &own);
            for (std::size_t i = 0; status == status_good && i < steps.size(); i++) {
                steps[i].pair.row = r.global[d][size(steps[i].pair.row)];
                a->steps[part.which[i]] = steps[i];
            }
            return status;
        });
    });
}

// ---- atoms ----

/// The device's images of the range that is summed over, and what is said of them.
struct ScenePart {
    std::vector<double> poses;
    std::vector<float> weights;
    std::vector<double> first, second;  ///< sums, or gradient and scatter
    std::vector<double> likelihood, residual;
    std::int64_t first_image = 0, images = 0;
};

template <class Call>
void on_scene(SeveralContext& c, const Images* images, const AtomArguments* a, std::vector<ScenePart>& parts,
              Call&& call) {
    const std::int64_t all = behind(images).images;
    if (a->first_image < 0 || a->image_count < 0 || a->first_image > all - a->image_count)
        refuse("the sums are over the images " + std::to_string(a->first_image) + " to " +
               std::to_string(a->first_image + a->image_count) + ", expected a range within 0 to " +
               std::to_string(all));
    constexpr std::size_t pose_length = 11;
    on_all(c, [&](std::size_t d) -> std::int32_t {
        if (!behind(images).of[d]) return status_good;
        const auto n = static_cast<std::int64_t>(d);
        ScenePart& part = parts[d];
        part.first_image = c.stripes.before(n, a->first_image);
        part.images = c.stripes.before(n, a->first_image + a->image_count) - part.first_image;
        for (std::int64_t i = 0; i < c.stripes.before(n, all); i++) {
            const std::int64_t image = c.stripes.global(n, i);
            part.poses.insert(part.poses.end(), a->poses + size(image) * pose_length,
                              a->poses + size(image + 1) * pose_length);
            part.weights.push_back(a->image_weights[image]);
        }
        AtomArguments own = *a;
        own.poses = part.poses.data();
        own.image_weights = part.weights.data();
        own.first_image = part.first_image;
        own.image_count = part.images;
        return call(d, own, part);
    });
}

std::int32_t profile_sums(Context* context, const Images* images, const AtomArguments* a) {
    return from_host(context, a, [&](SeveralContext& c) {
        std::vector<ScenePart> parts(c.devices());
        on_scene(c, images, a, parts, [&](std::size_t d, AtomArguments& own, ScenePart& part) {
            part.first.assign(8 * size(a->shell_count), 0);
            own.profile_sums = part.first.data();
            return c.base.profile_sums(c.contexts[d], behind(images).of[d], &own);
        });
        for (const ScenePart& part : parts) add(part.first, a->profile_sums);
    });
}

std::int32_t atom_gradients(Context* context, const Images* images, const AtomArguments* a) {
    return from_host(context, a, [&](SeveralContext& c) {
        std::vector<ScenePart> parts(c.devices());
        on_scene(c, images, a, parts, [&](std::size_t d, AtomArguments& own, ScenePart& part) {
            part.first.assign(4 * size(a->atom_count), 0);
            part.second = part.first;
            part.likelihood.resize(size(part.images));
            part.residual.resize(size(part.images));
            own.gradient = part.first.data();
            own.scatter = part.second.data();
            own.likelihood = part.likelihood.data();
            own.residual = part.residual.data();
            return c.base.atom_gradients(c.contexts[d], behind(images).of[d], &own);
        });
        for (std::size_t d = 0; d < parts.size(); d++) {
            const ScenePart& part = parts[d];
            add(part.first, a->gradient);
            add(part.second, a->scatter);
            for (std::size_t i = 0; i < part.likelihood.size(); i++) {
                const auto to = c.stripes.global(static_cast<std::int64_t>(d),
                                                 part.first_image + static_cast<std::int64_t>(i)) -
                                a->first_image;
                a->likelihood[to] = part.likelihood[i];
                a->residual[to] = part.residual[i];
            }
        }
    });
}

std::int32_t overlap_sums(Context* context, const OverlapArguments* a) {
    return from_host(context, a, [&](SeveralContext& c) {
        on_equal_parts(c, a->pair_count, [&](std::size_t d, std::int64_t first, std::int64_t count) {
            OverlapArguments part = *a;
            part.apart_A = a->apart_A + 3 * first;
            part.sums = a->sums + 10 * first;
            part.pair_count = count;
            return c.base.overlap_sums(c.contexts[d], &part);
        });
    });
}

std::int32_t copy_bytes(Context* context, const CopyArguments* a) {
    return on_first(context, [&](SeveralContext& c) { return c.base.copy_bytes(c.first(), a); });
}

Operations filled() {
    Operations table{};
    table.struct_size = sizeof(Operations);
    table.abi_version = abi_version;
    table.name = "cuda";
    table.description = "several NVIDIA devices by CUDA";
    table.device_count = device_count;
    table.context_create = context_create;
    table.context_destroy = context_destroy;
    table.error_text = error_text;
    table.images_create = images_create;
    table.images_destroy = images_destroy;
    table.transform_create = transform_create;
    table.transform_destroy = transform_destroy;
    table.sample_slices = sample_slices;
    table.score_poses = score_poses;
    table.polish_poses = polish_poses;
    table.polish_shifts = polish_shifts;
    table.equations_create = equations_create;
    table.equations_destroy = equations_destroy;
    table.equations_accumulate = equations_accumulate;
    table.equations_add = equations_add;
    table.equations_subtract = equations_subtract;
    table.solve = solve;
    table.search_create = search_create;
    table.search_destroy = search_destroy;
    table.rows_create = rows_create;
    table.rows_destroy = rows_destroy;
    table.score_pairs = score_pairs;
    table.score_curves = score_curves;
    table.best_pairs = best_pairs;
    table.soft_pairs = soft_pairs;
    table.hill_climb = hill_climb;
    table.device_describe = device_describe;
    table.plan_run = plan_run;
    table.profile_sums = profile_sums;
    table.atom_gradients = atom_gradients;
    table.overlap_sums = overlap_sums;
    table.copy_bytes = copy_bytes;
    table.image_means = image_means;
    table.images_prepare = images_prepare;
    table.images_set_weights = images_set_weights;
    table.images_negate = images_negate;
    table.equations_accumulate_shares = equations_accumulate_shares;
    return table;
}

const Operations& several_operations() {
    static const Operations table = filled();
    return table;
}

}  // namespace

SeveralDevices several_devices(const Operations& base, const std::vector<int>& devices) {
    Lists& l = lists();
    const std::lock_guard lock(l.mutex);
    for (std::size_t i = 0; i < l.all.size(); i++)
        if (&l.all[i].base == &base && l.all[i].devices == devices)
            return {&several_operations(), static_cast<int>(i)};
    l.all.push_back({base, devices});
    return {&several_operations(), static_cast<int>(l.all.size()) - 1};
}

std::string device_name(const Operations& table, int number) {
    if (std::string_view(table.name) == "cpu") return "cpu";
    const List* list = &table == &several_operations() ? list_of(number) : nullptr;
    return list ? name_of(*list) : std::string(table.name) + ":" + std::to_string(number);
}

int memory_device(const Operations& table, int number) {
    if (std::string_view(table.name) != "cuda") return -1;
    const List* list = &table == &several_operations() ? list_of(number) : nullptr;
    return list ? list->devices.front() : number;
}

}  // namespace tumble::backend
