// Entries of the refinement of atoms against the images.
#include <limits>
#include <string>

#include "context.hpp"
#include "entries.hpp"
#include "kernels/atom_sums.hpp"
#include "kernels/projected_overlap.hpp"
#include "resident.hpp"

namespace tumble::cuda {
namespace {

constexpr std::int64_t most_atoms = 1 << 20;  // item numbers of the kernels are ints

/// What would make the kernels read beyond an array. Values that are not finite give sums that are not.
void require_valid(const DeviceImages& images, const AtomArguments& a) {
    if (a.first_image < 0 || a.image_count < 0 || a.first_image > images.images - a.image_count)
        refuse("the sums are over the images " + std::to_string(a.first_image) + " to " + std::to_string(a.first_image + a.image_count) +
               ", expected a range within 0 to " + std::to_string(images.images));
    if (a.atom_count < 0 || a.atom_count > most_atoms)
        refuse("found " + std::to_string(a.atom_count) + " atoms, expected 0 to " + std::to_string(most_atoms));
}

}  // namespace

std::int32_t profile_sums(Context* context, const Images* images, const AtomArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        require_valid(behind(images), *a);
        if (a->image_count > 0) add_profile_sums(device, behind(images), *a);
    });
}

std::int32_t atom_gradients(Context* context, const Images* images, const AtomArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        require_valid(behind(images), *a);
        if (a->image_count > 0) add_atom_gradients(device, behind(images), *a);
    });
}

std::int32_t overlap_sums(Context* context, const OverlapArguments* a) {
    return on_device_from_host(context, a, [&](Device& device) {
        // A squared distance below the limit is read with the entry after its own; rounding may take it to the limit.
        if (a->pair_count < 0 || a->view_count < 0 || !(a->limit > 0 && a->per_step > 0) ||
            !(a->limit * a->per_step + 2 <= static_cast<double>(a->table_count) && a->table_count < std::numeric_limits<int>::max()))
            refuse("the table of overlaps has " + std::to_string(a->table_count) + " entries, expected at least " +
                   std::to_string(a->limit * a->per_step + 2) + " for its limit, and pairs and views that are not fewer than none");
        if (a->pair_count > 0) overlap_sums(device, *a);
    });
}

}  // namespace tumble::cuda
