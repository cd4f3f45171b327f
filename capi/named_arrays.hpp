#pragma once
// Arrays that a handle lends by their names.
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tumble.h"
#include "tumble/arrays.hpp"
#include "tumble/atom.hpp"

namespace tumble::c_interface {

/// Where a caller wants the arrays that results lend (tumble_context_set_allocator).
struct Allocator {
    tumble_allocate_callback allocate = nullptr;  ///< null: our own memory
    tumble_free_callback give_back = nullptr;
    void* user = nullptr;
};

class NamedArrays {
  public:
    using Shape = std::vector<std::int64_t>;
    /// Lends values that live elsewhere.
    void lend(const char* name, Shape shape, const float* data);
    void lend(const char* name, Shape shape, const double* data);
    /// Keeps the values and lends them.
    void keep(const char* name, Shape shape, std::vector<double> values);
    void keep(const char* name, std::vector<std::int32_t> values);
    /// Copies all that there is to memory of the caller's, where one wants that, and lends it from there: what was kept is given
    /// up, and what lives elsewhere is needed no longer. Throws std::bad_alloc.
    void move_to(const Allocator& allocator);
    /// Fills `array`. Throws TUMBLE_E_KEY, naming all that there is, where there is none of that name in `owner`.
    void describe(const char* owner, const char* name, tumble_array* array) const;

  private:
    struct Array {
        std::int32_t dtype;
        Shape shape;
        const void* data;
    };
    struct GiveBack {
        Allocator allocator;
        void operator()(void* memory) const { allocator.give_back(memory, allocator.user); }
    };
    std::vector<std::unique_ptr<void, GiveBack>> blocks_;
    std::map<std::string, std::vector<double>> columns_;
    std::map<std::string, std::vector<std::int32_t>> flags_;
    std::map<std::string, Array> arrays_;
};

void lend_map(NamedArrays& arrays, const char* name, const Volume& map);
/// atom_positions and the others of tumble_result_array.
void keep_atoms(NamedArrays& arrays, const Atoms& atoms);

/// "expected one of a, b, c": the keys of a map.
template <class Map>
std::string expected_one_of(const Map& map) {
    std::string known = "expected one of ";
    const char* separator = "";
    for (const auto& [key, value] : map) {
        known.append(separator).append(key);
        separator = ", ";
    }
    return known;
}

/// Throws TUMBLE_E_KEY, naming all that there is, where `owner` has no number of that name.
double number_named(const std::map<std::string, double>& numbers, const char* owner, const char* name);

}  // namespace tumble::c_interface
