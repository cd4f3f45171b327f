#include "named_arrays.hpp"

#include <cstring>
#include <new>
#include <utility>

#include "array_access.hpp"
#include "boundary.hpp"

namespace tumble::c_interface {

void NamedArrays::lend(const char* name, Shape shape, const float* data) { arrays_[name] = {TUMBLE_FLOAT32, std::move(shape), data}; }
void NamedArrays::lend(const char* name, Shape shape, const double* data) { arrays_[name] = {TUMBLE_FLOAT64, std::move(shape), data}; }

void NamedArrays::keep(const char* name, Shape shape, std::vector<double> values) {
    const auto& kept = columns_[name] = std::move(values);
    lend(name, std::move(shape), kept.data());
}

void NamedArrays::keep(const char* name, std::vector<std::int32_t> values) {
    const auto& kept = flags_[name] = std::move(values);
    arrays_[name] = {TUMBLE_INT32, {static_cast<std::int64_t>(kept.size())}, kept.data()};
}

void NamedArrays::move_to(const Allocator& allocator) {
    if (!allocator.allocate) return;
    blocks_.reserve(arrays_.size());
    for (auto& [name, array] : arrays_) {
        std::int64_t bytes = element_bytes(array.dtype);
        for (const std::int64_t extent : array.shape) bytes *= extent;
        if (bytes == 0) {
            array.data = nullptr;
            continue;
        }
        void* memory = allocator.allocate(static_cast<std::uint64_t>(bytes), allocator.user);
        if (!memory) throw std::bad_alloc();
        blocks_.emplace_back(memory, GiveBack{allocator});
        std::memcpy(memory, array.data, static_cast<std::size_t>(bytes));
        array.data = memory;
    }
    columns_.clear();
    flags_.clear();
}

void NamedArrays::describe(const char* owner, const char* name, tumble_array* array) const {
    const auto at = arrays_.find(&required(name, "name"));
    if (at == arrays_.end()) throw BoundaryError(TUMBLE_E_KEY, std::string(owner) + " has no array '" + name + "': " + expected_one_of(arrays_));
    c_interface::describe(array, "array", at->second.dtype, at->second.shape, at->second.data);
}

double number_named(const std::map<std::string, double>& numbers, const char* owner, const char* name) {
    const auto at = numbers.find(&required(name, "name"));
    if (at == numbers.end()) throw BoundaryError(TUMBLE_E_KEY, std::string(owner) + " has no number '" + name + "': " + expected_one_of(numbers));
    return at->second;
}

void lend_map(NamedArrays& arrays, const char* name, const Volume& map) {
    const std::int64_t n = map.box;
    arrays.lend(name, {n, n, n}, map.values.data());
}

void keep_atoms(NamedArrays& arrays, const Atoms& atoms) {
    const auto count = static_cast<std::int64_t>(atoms.size());
    std::vector<double> positions, sigmas, heights, widths, distances;
    for (const Atom& a : atoms) {
        positions.insert(positions.end(), {a.position_A.x, a.position_A.y, a.position_A.z});
        sigmas.insert(sigmas.end(), {a.sigma_A.x, a.sigma_A.y, a.sigma_A.z});
        heights.push_back(a.height);
        widths.push_back(a.width_A);
        distances.push_back(a.half_distance_A);
    }
    arrays.keep("atom_positions", {count, 3}, std::move(positions));
    arrays.keep("atom_sigmas", {count, 3}, std::move(sigmas));
    arrays.keep("atom_heights", {count}, std::move(heights));
    arrays.keep("atom_widths", {count}, std::move(widths));
    arrays.keep("atom_half_distances", {count}, std::move(distances));
}

}  // namespace tumble::c_interface
