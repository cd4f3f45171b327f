#include "reconstruct/checked_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "atoms/motif.hpp"
#include "io/element.hpp"

namespace tumble {

void check_options(std::int64_t images, std::int64_t height, std::int64_t width, const ReconstructOptions& o) {
    if (images < 2) throw bad_input(fmt::format("the stack holds {} image(s): expected at least 2", images));
    if (height != width) throw bad_input(fmt::format("the images are {} x {} px: expected square ones", width, height));
    if (width < 16) throw bad_input(fmt::format("the images are {} x {} px: expected boxes of at least 16 px", width, height));
    if (!(o.pixel_size_A > 0)) throw bad_input(fmt::format("the pixel size is {} A: expected a positive number", o.pixel_size_A));
    if (o.elements.empty()) throw bad_input("no element is given: expected at least one chemical symbol");
    for (const auto& symbol : o.elements) find_element(symbol);
    if (!(find_element(o.elements.front()).nearest_neighbour_A > 0))
        throw bad_input(fmt::format("the first element is {}, whose nearest-neighbour distance is not tabulated: expected a metal or "
                                    "another solid element first",
                                    o.elements.front()));
    if (!o.poses.empty() && static_cast<std::int64_t>(o.poses.size()) != images)
        throw bad_input(fmt::format("{} poses are given for {} images: expected one an image", o.poses.size(), images));
    if (!o.halves.empty() && static_cast<std::int64_t>(o.halves.size()) != images)
        throw bad_input(fmt::format("{} halves are given for {} images: expected one an image", o.halves.size(), images));
    for (std::size_t i = 0; i < o.poses.size(); i++) {
        double sum = o.poses[i].shift_A.x + o.poses[i].shift_A.y;
        for (const double m : o.poses[i].rotation.m) sum += m;
        if (!std::isfinite(sum)) throw bad_input(fmt::format("pose {} holds values that are no finite numbers: expected a rotation and a shift", i + 1));
    }
    for (const auto& name : o.motifs) {
        if (name == "none" || motif_named(name)) continue;
        std::string known;
        for (const auto& motif : motif_names()) known += ", " + motif;
        throw bad_input(fmt::format("the motif is '{}': expected none{}", name, known));
    }
    if (o.motifs.size() > 1 && std::count(o.motifs.begin(), o.motifs.end(), "none") > 0)
        throw bad_input("the motifs hold 'none' beside others: expected none alone");
    if (o.reference && o.poses.empty() && !(o.reference->voxel_A > 0)) throw bad_input("the reference's voxel size is unknown: expected it in A");
}

}  // namespace tumble
