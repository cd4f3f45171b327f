#pragma once
// Arrays and handles of tumble.h for tests.
#include <tumble.h>

#include <algorithm>
#include <initializer_list>
#include <memory>
#include <vector>

#include "tumble/geometry.hpp"

namespace tumble::testing {

/// A host array without gaps.
inline tumble_array array_of(const void* data, std::int32_t dtype, std::initializer_list<std::int64_t> shape) {
    tumble_array a{};
    a.struct_size = sizeof a;
    a.data = const_cast<void*>(data);
    a.dtype = dtype;
    a.memory = TUMBLE_MEMORY_HOST;
    std::copy(shape.begin(), shape.end(), a.shape);
    a.dimensions = static_cast<std::int32_t>(shape.size());
    std::int64_t stride = 1;
    for (int axis = a.dimensions - 1; axis >= 0; axis--) a.stride[axis] = stride, stride *= a.shape[axis];
    return a;
}

/// Poses in the layout of the C interface, with scores.
struct PoseColumns {
    std::vector<double> rotations, shifts, scores;
    explicit PoseColumns(const std::vector<Pose>& poses, double score = 0) : scores(poses.size(), score) {
        for (const auto& p : poses) {
            rotations.insert(rotations.end(), p.rotation.m.begin(), p.rotation.m.end());
            shifts.insert(shifts.end(), {p.shift_A.x, p.shift_A.y});
        }
    }
    std::int64_t count() const { return static_cast<std::int64_t>(scores.size()); }
    tumble_array rotation_array() const { return array_of(rotations.data(), TUMBLE_FLOAT64, {count(), 3, 3}); }
    tumble_array shift_array() const { return array_of(shifts.data(), TUMBLE_FLOAT64, {count(), 2}); }
    tumble_array score_array() const { return array_of(scores.data(), TUMBLE_FLOAT64, {count()}); }
    Pose pose(std::size_t i) const {
        Pose p;
        std::copy_n(rotations.begin() + static_cast<std::ptrdiff_t>(9 * i), 9, p.rotation.m.begin());
        p.shift_A = {shifts[2 * i], shifts[2 * i + 1]};
        return p;
    }
};

struct Destroy {
    void operator()(tumble_context* h) const { tumble_context_destroy(h); }
    void operator()(tumble_options* h) const { tumble_options_destroy(h); }
    void operator()(tumble_result* h) const { tumble_result_destroy(h); }
    void operator()(tumble_run* h) const { tumble_run_destroy(h); }
    void operator()(tumble_device* h) const { tumble_device_destroy(h); }
    void operator()(tumble_images* h) const { tumble_images_destroy(h); }
    void operator()(tumble_transform* h) const { tumble_transform_destroy(h); }
    void operator()(tumble_search* h) const { tumble_search_destroy(h); }
    void operator()(tumble_equations* h) const { tumble_equations_destroy(h); }
    void operator()(tumble_atoms* h) const { tumble_atoms_destroy(h); }
};
template <class T>
using Handle = std::unique_ptr<T, Destroy>;

/// Calls create(arguments..., &handle); `status` receives what it says.
template <class T, class Create, class... Arguments>
Handle<T> made(tumble_status& status, Create create, Arguments... arguments) {
    T* handle = nullptr;
    status = create(arguments..., &handle);
    return Handle<T>(handle);
}

}  // namespace tumble::testing
