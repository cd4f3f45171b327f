#pragma once
// Sums over images of a model of atoms that is held still: what a round of the refinement against the images
// (reconstruct/image_refinement.hpp) takes from them.
//
// Model of image i: A_i(k) = sum_a h_a (f(|k|) + z_ia g(|k|)) exp(-2 pi i k.(R_i x_a + t_i)_xy), with z_ia the depth of the
// atom along the beam, (R_i x_a)_z, and the profile f, g of projected_profile.hpp.
#include <cstdint>
#include <span>

#include "atoms/projected_overlap.hpp"
#include "atoms/projected_profile.hpp"
#include "core/threads.hpp"
#include "pose/prepared_images.hpp"
#include "tumble/geometry.hpp"

namespace tumble {

/// Atoms and the images first_image .. first_image + image_count - 1 that see them; borrowed.
struct AtomScene {
    std::span<const Pose> poses;           ///< [image], of all images
    std::span<const float> image_weights;  ///< [image]; of weight 0 an image adds nothing
    std::span<const Vec3> positions_A;     ///< [atom], particle's frame
    std::span<const double> heights;       ///< [atom]
    std::int64_t first_image = 0, image_count = 0;
};

/// Adds the normal equations of the profile, each image times its weight, to sums.shells (HalfPlaneGrid::shells() of them);
/// `depth`: those of its second part too. In the order of images, whatever the threads. Both functions throw Error(input) where the
/// points lie off the box's own grid or the shells are not as many as theirs.
void add_profile_sums(const ImageSamples& images, const AtomScene& scene, bool depth, ProfileSums& sums, ThreadPool& pool);

/// Where the sums of add_atom_gradients go.
struct AtomGradients {
    std::span<AtomVector> gradient;  ///< [atom], added to: derivatives of sum_i weight_i log-likelihood_i, particle's frame, per A
    std::span<AtomVector> scatter;   ///< [atom], added to: squares of the images' own parts of it
    std::span<double> likelihood;    ///< [image_count], written: sum_p w (|X|^2 - |X - A|^2), without the image's weight
    std::span<double> residual;      ///< [image_count], written: sum_p w |X - A|^2
};
/// profile: per shell, its depth part empty where it is not fitted. In the order of images, whatever the threads.
void add_atom_gradients(const ImageSamples& images, const AtomScene& scene, const ProjectedProfile& profile, const AtomGradients& out,
                        ThreadPool& pool);

}  // namespace tumble
