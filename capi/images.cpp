#include "array_access.hpp"
#include "callback_progress.hpp"
#include "handles.hpp"
#include "reachable_arrays.hpp"

using namespace tumble::c_interface;

extern "C" {

tumble_status tumble_images_create(tumble_context* context, tumble_device* device, const tumble_array* stack, double pixel_size_A,
                                   double diameter_A, int32_t dark_atoms, tumble_images** images) {
    return handed_out(images, "images", error_of(context), [&] {
        const tumble::Device& where = required(device, "device").value;
        ReachableArrays arrays(where);
        const FloatStack floats(arrays.in(stack, "stack"), "stack");
        CallbackProgress progress(context);
        const tumble::ParticleImagesOptions options{pixel_size_A, diameter_A, dark_atoms != 0};
        return std::make_unique<tumble_images>(tumble_images{tumble::ParticleImages(where, floats.view(), options, progress)});
    });
}

void tumble_images_destroy(tumble_images* images) { take_back(images); }

tumble_status tumble_images_number(const tumble_images* images, const char* name, double* value) {
    return guarded(nullptr, [&] {
        const tumble::ParticleImages& i = required(images, "images").value;
        const std::map<std::string, double> numbers{{"count", static_cast<double>(i.count())},
                                                    {"box", i.box()},
                                                    {"pixel_size_A", i.pixel_size_A()},
                                                    {"particle_radius_A", i.particle_radius_A()},
                                                    {"mask_radius_A", i.mask_radius_A()}};
        required(value, "value") = number_named(numbers, "prepared images", name);
    });
}

tumble_status tumble_images_match_map(const tumble_images* images, const tumble_array* map, double voxel_A, const tumble_array* matched) {
    return guarded(nullptr, [&] {
        const tumble::ParticleImages& i = required(images, "images").value;
        const std::int64_t n = i.box();
        ReachableArrays arrays(i.device());
        map = arrays.in(map, "map"), matched = arrays.out(matched, "matched");
        require_output(matched, "matched", std::array{n, n, n}, TUMBLE_FLOAT32);
        write(*matched, matched_map(i, copied_map(map, "map", voxel_A)).values);
        arrays.deliver();
    });
}

}  // extern "C"
