// From images to a map and atoms: reconstruct IMAGES.mrcs PIXEL_SIZE_A ELEMENT MAP.mrc
// The C++ interface takes images from memory; files are read and written by the C interface (tumble.h), which
// comes along in tumble::static. A program with its images in memory already needs tumble::core alone.
#include <tumble.h>
#include <tumble/reconstruct.hpp>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace {

void check(tumble_status status) {
    if (status != TUMBLE_OK) throw std::runtime_error(tumble_last_error());
}

void write_map(const char* path, tumble::Volume map) {
    tumble_array array{};
    array.struct_size = sizeof array;
    array.data = map.values.data();
    array.dtype = TUMBLE_FLOAT32;
    array.memory = TUMBLE_MEMORY_HOST;
    array.dimensions = 3;
    const std::int64_t n = map.box;
    for (int axis = 0; axis < 3; ++axis) array.shape[axis] = n;
    array.stride[0] = n * n;
    array.stride[1] = n;
    array.stride[2] = 1;
    check(tumble_map_write(path, &array, map.voxel_A));
}

}  // namespace

int main(int argc, char** argv) try {
    if (argc != 5) {
        std::fprintf(stderr, "usage: %s IMAGES.mrcs PIXEL_SIZE_A ELEMENT MAP.mrc\n", argv[0]);
        return 2;
    }
    tumble_stack* read = nullptr;
    check(tumble_stack_read(argv[1], &read));
    const std::unique_ptr<tumble_stack, decltype(&tumble_stack_destroy)> stack(read, tumble_stack_destroy);
    tumble_array images{};
    images.struct_size = sizeof images;
    check(tumble_stack_images(stack.get(), &images));

    tumble::ReconstructOptions options;
    options.pixel_size_A = std::atof(argv[2]);
    options.elements = {argv[3]};
    tumble::NoProgress progress;
    const tumble::StackView view{static_cast<const float*>(images.data), images.shape[0], images.shape[1],
                                 images.shape[2]};
    const tumble::ReconstructResult result = tumble::reconstruct(view, options, progress);
    write_map(argv[4], result.map);

    std::printf("# resolution %.3f A, verdict %s, %zu atoms: x y z sigma_x sigma_y sigma_z (A)\n",
                result.resolution_0143.d_A, tumble::name_of(result.verdict.status), result.atoms.size());
    for (const tumble::Atom& atom : result.atoms)
        std::printf("%.6f %.6f %.6f %.6f %.6f %.6f\n", atom.position_A.x, atom.position_A.y,
                    atom.position_A.z, atom.sigma_A.x, atom.sigma_A.y, atom.sigma_A.z);
} catch (const std::exception& error) {
    std::fprintf(stderr, "tumble: %s\n", error.what());
    return 1;
}
