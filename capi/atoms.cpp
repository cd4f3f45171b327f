#include "array_access.hpp"
#include "callback_progress.hpp"
#include "handles.hpp"
#include "pose_arrays.hpp"

using namespace tumble::c_interface;

namespace {

std::unique_ptr<tumble_atoms> kept(tumble::Atoms values, const tumble_context* context) {
    auto atoms = std::make_unique<tumble_atoms>();
    atoms->values = std::move(values);
    keep_atoms(atoms->arrays, atoms->values);
    if (context) atoms->arrays.move_to(context->allocator);
    return atoms;
}

}  // namespace

extern "C" {

tumble_status tumble_atoms_find(tumble_context* context, const tumble_array* map, const tumble_array* half1, const tumble_array* half2, double voxel_A,
                                const char* element, double min_distance_A, double radius_A, int32_t threads, tumble_atoms** atoms) {
    return handed_out(atoms, "atoms", error_of(context), [&] {
        const auto volume = copied_map(map, "map", voxel_A);
        if (!half1 != !half2) throw BoundaryError(TUMBLE_E_NULL, "one half map is NULL: expected both or neither");
        const auto first = half1 ? copied_map(half1, "half1", voxel_A) : tumble::Volume{}, second = half2 ? copied_map(half2, "half2", voxel_A) : tumble::Volume{};
        const tumble::MapAtomsOptions options{{&required(element, "element")}, min_distance_A, radius_A, threads};
        CallbackProgress progress(context);
        return kept(tumble::fit_map_atoms(volume, first, second, options, progress), context);
    });
}

tumble_status tumble_atoms_refine(tumble_context* context, const tumble_images* prepared, const tumble_array* images, const tumble_array* rotations,
                                  const tumble_array* shifts_A, const tumble_array* weights, const tumble_atoms* start, tumble_atoms** atoms) {
    return handed_out(atoms, "atoms", error_of(context), [&] {
        const tumble::ParticleImages& i = required(prepared, "prepared").value;
        ReachableArrays arrays(i.device());
        const auto poses = copied_weighted_poses(arrays, images, rotations, shifts_A, weights);
        CallbackProgress progress(context);
        return kept(refine_atoms(i, poses, required(start, "start").values, progress), context);
    });
}

void tumble_atoms_destroy(tumble_atoms* atoms) { take_back(atoms); }

tumble_status tumble_atoms_array(const tumble_atoms* atoms, const char* name, tumble_array* array) {
    return guarded(nullptr, [&] { required(atoms, "atoms").arrays.describe("a set of atoms", name, array); });
}

}  // extern "C"
