#include <array>

#include "array_access.hpp"
#include "build_configuration.hpp"
#include "handles.hpp"
#include "io/mrc.hpp"

using namespace tumble::c_interface;

extern "C" {

tumble_status tumble_stack_read(const char* path, tumble_stack** stack) {
    return handed_out(stack, "stack", nullptr, [&] { return std::make_unique<tumble_stack>(tumble_stack{tumble::read_stack(&required(path, "path"))}); });
}

void tumble_stack_destroy(tumble_stack* stack) { take_back(stack); }

tumble_status tumble_stack_images(const tumble_stack* stack, tumble_array* images) {
    return guarded(nullptr, [&] {
        const auto& s = required(stack, "stack").values;
        describe(images, "images", TUMBLE_FLOAT32, std::array{s.images, s.height, s.width}, s.values.data());
    });
}

tumble_status tumble_stack_pixel_size(const tumble_stack* stack, double* pixel_size_A) {
    return guarded(nullptr, [&] { required(pixel_size_A, "pixel_size_A") = required(stack, "stack").values.pixel_size_A; });
}

tumble_status tumble_map_write(const char* path, const tumble_array* map, double voxel_A) {
    return guarded(nullptr, [&] {
        required(path, "path");
        require_array(map, "map", any_stack, TUMBLE_FLOAT32);
        const tumble::Volume copy = copied_map(map, "map", voxel_A);
        tumble::MrcWriter writer(path, map->shape[2], map->shape[1], voxel_A, tumble::MrcKind::map, std::string("tumble ") + tumble::build::version);
        writer.write_images(copy.values.data(), copy.box);
        writer.commit();
    });
}

}  // extern "C"
