#include <algorithm>
#include <array>

#include "array_access.hpp"
#include "handles.hpp"
#include "pose_arrays.hpp"
#include "tumble/option_table.hpp"

using namespace tumble::c_interface;

namespace {

std::int32_t number_of(tumble::OptionType type) {
    switch (type) {
        case tumble::OptionType::whole_number:
            return TUMBLE_OPTION_INT64;
        case tumble::OptionType::number:
            return TUMBLE_OPTION_FLOAT64;
        case tumble::OptionType::text:
            break;
    }
    return TUMBLE_OPTION_TEXT;
}

/// Sets into a copy, so that a failure leaves the options as they were.
template <class Value>
tumble_status set(tumble_options* options, const char* name, const Value& value) {
    return guarded(nullptr, [&] {
        auto changed = required(options, "options").values;
        const std::string key = &required(name, "name");
        const auto table = tumble::option_table();
        const bool known = std::any_of(table.begin(), table.end(), [&](const auto& e) { return key == e.name; });
        try {
            tumble::set_option(changed, key, value);
        } catch (const tumble::Error& e) {
            throw BoundaryError(known ? TUMBLE_E_ARGUMENT : TUMBLE_E_KEY, e.what());
        }
        options->values = std::move(changed);
    });
}

}  // namespace

extern "C" {

int32_t tumble_option_count(void) { return static_cast<int32_t>(tumble::option_table().size()); }

tumble_status tumble_option_describe(int32_t index, tumble_option* option) {
    return guarded(nullptr, [&] {
        require_struct_size(required(option, "option").struct_size, sizeof(tumble_option), "option");
        if (index < 0 || index >= tumble_option_count())
            throw BoundaryError(TUMBLE_E_ARGUMENT, "option " + std::to_string(index) + " does not exist: expected 0 to " + std::to_string(tumble_option_count() - 1));
        const auto& e = tumble::option_table()[static_cast<std::size_t>(index)];
        *option = {sizeof(tumble_option), e.name, e.unit, e.default_value, e.choices, e.text, e.minimum, e.maximum, number_of(e.type), 0};
    });
}

tumble_status tumble_options_create(tumble_options** options) {
    return handed_out(options, "options", nullptr, [] { return std::make_unique<tumble_options>(); });
}

void tumble_options_destroy(tumble_options* options) { take_back(options); }

tumble_status tumble_options_set_int64(tumble_options* options, const char* name, int64_t value) { return set(options, name, value); }
tumble_status tumble_options_set_float64(tumble_options* options, const char* name, double value) { return set(options, name, value); }
tumble_status tumble_options_set_text(tumble_options* options, const char* name, const char* value) {
    return guarded(nullptr, [&] { required(value, "value"); }) == TUMBLE_OK ? set(options, name, std::string(value)) : TUMBLE_E_NULL;
}

tumble_status tumble_options_set_poses(tumble_options* options, const tumble_array* rotations, const tumble_array* shifts_A) {
    return guarded(nullptr, [&] {
        required(options, "options");
        options->values.poses = copied_poses(rotations, shifts_A);
    });
}

tumble_status tumble_options_set_reference(tumble_options* options, const tumble_array* map, double voxel_A) {
    return guarded(nullptr, [&] {
        required(options, "options");
        require_array(map, "map", any_stack, TUMBLE_FLOAT32);
        if (!(voxel_A > 0)) throw BoundaryError(TUMBLE_E_ARGUMENT, "voxel_A is " + std::to_string(voxel_A) + ": expected a positive number");
        options->values.reference = copied_map(map, "map", voxel_A);
    });
}

tumble_status tumble_options_set_halves(tumble_options* options, const tumble_array* halves) {
    return guarded(nullptr, [&] {
        required(options, "options");
        require_array(halves, "halves", std::array<std::int64_t, 1>{-1}, TUMBLE_INT32);
        auto values = copied_int32(*halves, "halves");
        for (const auto half : values)
            if (half != 1 && half != 2) throw BoundaryError(TUMBLE_E_ARRAY, "halves: found " + std::to_string(half) + ", expected 1 or 2");
        options->values.halves.assign(values.begin(), values.end());
    });
}

}  // extern "C"
