#include "app/info_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "io/atoms_file.hpp"
#include "io/file_format.hpp"
#include "io/hdf5_file.hpp"
#include "io/mrc.hpp"
#include "io/poses_star.hpp"
#include "io/star.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

namespace {

std::string line(const std::string& name, const std::string& text) {
    return fmt::format("{:<14} {}\n", name, text);
}

std::string mode_text(const MrcInfo& info) {
    const char* type = "4 bit";
    switch (info.mode) {
        case 0:
            type = info.signed_bytes ? "signed bytes" : "unsigned bytes";
            break;
        case 1:
            type = "16-bit integers";
            break;
        case 2:
            type = "32-bit floating point";
            break;
        case 6:
            type = "unsigned 16-bit integers";
            break;
        case 12:
            type = "16-bit floating point";
            break;
        default:
            break;
    }
    return fmt::format("mode {}, {}{}", info.mode, type, info.swapped ? ", the other byte order" : "");
}

std::string pixel_text(const MrcInfo& info, bool map) {
    const auto [x, y, z] = info.cell_pixel_A;
    if (x <= 0 && y <= 0) return "not in the header";
    const bool unequal = info.pixel_size_A <= 0 || (map && std::abs(z - x) > 1e-3 * x);
    return unequal ? fmt::format("{:.5g} x {:.5g} x {:.5g} A", x, y, z)
                   : fmt::format("{:.5g} A", info.pixel_size_A);
}

std::string describe_mrc(const std::string& path) {
    const MrcInfo info = read_mrc_info(path);
    const bool map = info.is_volume && format_of(path) != FileFormat::mrc_stack;
    std::string text = line("file", path);
    text += line("format", map ? "MRC map" : "MRC images");
    text += line("size", map ? fmt::format("{} x {} x {} voxels", info.nx, info.ny, info.nz)
                             : fmt::format("{} images of {} x {} pixels", info.nz, info.nx, info.ny));
    text += line(map ? "voxel size" : "pixel size", pixel_text(info, map));
    text += line("values", mode_text(info));
    if (info.maximum >= info.minimum)
        text += line("range", fmt::format("{:.6g} to {:.6g} (from the header)", info.minimum, info.maximum));
    if (info.axes != std::array{0, 1, 2})
        text += line("axes", fmt::format("{}{}{}, read as xyz", "xyz"[info.axes[0]], "xyz"[info.axes[1]],
                                         "xyz"[info.axes[2]]));
    if (!info.label.empty()) text += line("label", info.label);
    for (const std::string& note : info.notes) text += line("note", note);
    return text;
}

std::string describe_poses(const StarFile& star, const std::string& path) {
    const bool has_particles = std::any_of(star.tables.begin(), star.tables.end(), [](const StarTable& t) {
        return t.is_loop && t.column("rlnAngleRot").has_value();
    });
    if (!has_particles) return {};
    std::string text = line("particles", star.find("optics") != nullptr ? "RELION 3.1" : "RELION 3.0");
    // The pixel size only scales shifts, which are not shown.
    const std::vector<ParticlePose> poses = read_poses(path, 1);
    std::array<std::size_t, 3> halves{};
    std::size_t rejected = 0;
    for (const ParticlePose& particle : poses) {
        halves[static_cast<std::size_t>(std::clamp(particle.half, 0, 2))]++;
        rejected += particle.rejected ? 1 : 0;
    }
    text += line("poses", fmt::format("{}, {} of them rejected", poses.size(), rejected));
    text += line("halves",
                 halves[0] == poses.size() ? "none" : fmt::format("{} and {} images", halves[1], halves[2]));
    return text;
}

std::string describe_star(const std::string& path) {
    const StarFile star = read_star(path);
    std::string text = line("file", path);
    text += line("format", "STAR");
    for (const StarTable& table : star.tables)
        text += line("table", fmt::format("'{}': {} rows of {} columns", table.name, table.rows.size(),
                                          table.columns.size()));
    return text + describe_poses(star, path);
}

double rms_sigma_A(const Atoms& atoms) {
    double sum = 0;
    for (const Atom& atom : atoms) sum += dot(atom.sigma_A, atom.sigma_A);
    return std::sqrt(sum / static_cast<double>(atoms.size()));
}

std::string describe_atoms(const std::string& path) {
    const Atoms atoms = read_atoms(path);
    std::string text = line("file", path);
    text += line("format", "atoms");
    std::map<std::string, std::size_t> counts;
    for (const Atom& atom : atoms) counts[atom.element]++;
    for (const auto& [element, count] : counts) text += line(element, fmt::format("{} atoms", count));
    if (atoms.empty()) return text + line("note", "no atoms");
    Vec3 low = atoms.front().position_A, high = low;
    for (const Atom& atom : atoms) {
        const Vec3 p = atom.position_A;
        low = {std::min(low.x, p.x), std::min(low.y, p.y), std::min(low.z, p.z)};
        high = {std::max(high.x, p.x), std::max(high.y, p.y), std::max(high.z, p.z)};
    }
    const Vec3 extent = high - low;
    text += line("extent", fmt::format("{:.2f} x {:.2f} x {:.2f} A", extent.x, extent.y, extent.z));
    const double sigma_A = rms_sigma_A(atoms);
    if (sigma_A > 0)
        text += line("precision",
                     fmt::format("{:.1f} pm (rms standard error in three dimensions)", 100 * sigma_A));
    return text;
}

std::string shape_text(const std::vector<std::int64_t>& shape) {
    std::string text;
    for (const std::int64_t n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
    return text.empty() ? "one value" : text + " values";
}

void list_group(const Hdf5File& file, const std::string& group, std::string& text) {
    for (const std::string& name : file.children(group)) {
        const std::string path = group == "/" ? name : group + "/" + name;
        if (file.is_dataset(path))
            text += line("dataset", path + ": " + shape_text(file.shape(path)));
        else
            list_group(file, path, text);
    }
}

std::string describe_hdf5(const std::string& path) {
    const Hdf5File file = Hdf5File::open(path);
    std::string text = line("file", path);
    text += line("format",
                 file.exists("data") && file.has_attribute("/", "version_major") ? "HDF5, EMD" : "HDF5");
    list_group(file, "/", text);
    return text;
}

}  // namespace

std::string describe_file(const std::string& path) {
    const FileFormat format = format_of(path);
    if (is_mrc(format)) return describe_mrc(path);
    if (is_atoms(format)) return describe_atoms(path);
    if (format == FileFormat::star) return describe_star(path);
    if (format == FileFormat::hdf5) return describe_hdf5(path);
    throw bad_input(fmt::format(
        "'{}': found an extension that is not known, expected .mrc, .mrcs, .map, .star, .xyz, .cif, "
        ".pdb, .emd or .h5",
        path));
}

}  // namespace tumble::app
