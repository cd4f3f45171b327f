#include "app/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "app/file_kind.hpp"
#include "app/interrupt.hpp"
#include "app/version_line.hpp"
#include "io/emd.hpp"
#include "io/extxyz.hpp"
#include "io/mmcif.hpp"
#include "io/mrc.hpp"
#include "io/pdb.hpp"
#include "io/poses_star.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t values_a_piece = std::int64_t{1} << 24;

void require_finite(const std::string& file, const float* values, std::int64_t count, std::int64_t section) {
    for (std::int64_t i = 0; i < count; i++)
        if (!std::isfinite(values[i]))
            throw bad_input(fmt::format("'{}': section {} holds the value {}, expected finite numbers", file,
                                        section + 1, values[i]));
}

MrcKind kind_to_write(const NamedFile& out, const MrcInfo& info) {
    if (out.ending == "mrcs" || out.ending == "st") return MrcKind::stack;
    if (out.ending == "map" || out.ending == "ccp4") return MrcKind::map;
    return info.is_volume ? MrcKind::map : MrcKind::stack;
}

/// A map has one voxel size on all three axes or none that can be kept.
double pixel_size_to_write(const NamedFile& in, const MrcInfo& info, MrcKind kind,
                           const ConvertOptions& options) {
    if (options.pixel_size_A > 0) return options.pixel_size_A;
    const auto& cell = info.cell_pixel_A;
    if (kind == MrcKind::map && info.is_volume && cell[0] > 0 && std::abs(cell[2] / cell[0] - 1) > 1e-3)
        throw bad_input(
            fmt::format("'{}': voxel sizes {:.6g}, {:.6g}, {:.6g} A on x, y, z, expected equal ones or "
                        "--pixel-size",
                        in.path, cell[0], cell[1], cell[2]));
    return info.pixel_size_A;
}

void mrc_to_mrc(const NamedFile& in, const NamedFile& out, const ConvertOptions& options) {
    MrcReader reader(in.path, options.bytes);
    const MrcInfo& info = reader.info();
    if (info.is_volume_stack)
        throw bad_input(
            fmt::format("'{}': found a stack of volumes, expected images or one map", in.path));
    const MrcKind kind = kind_to_write(out, info);
    MrcWriter writer(out.path, info.nx, info.ny, pixel_size_to_write(in, info, kind, options), kind,
                     program_name(), options.precision);
    const std::int64_t pixels = info.nx * info.ny;
    const std::int64_t piece = std::clamp<std::int64_t>(values_a_piece / pixels, 1, info.nz);
    std::vector<float> values(static_cast<std::size_t>(piece * pixels));
    for (std::int64_t first = 0; first < info.nz; first += piece) {
        if (interrupt_requested())
            throw Error(ErrorKind::interrupted, fmt::format("interrupted, '{}' was not written", out.path));
        const std::int64_t count = std::min(piece, info.nz - first);
        reader.read_images(first, count, values.data());
        for (std::int64_t i = 0; i < count; i++)
            require_finite(in.path, values.data() + i * pixels, pixels, first + i);
        writer.write_images(values.data(), count);
    }
    writer.commit();
}

Volume read_any_map(const NamedFile& in, const ConvertOptions& options) {
    if (in.kind == FileKind::mrc) {
        MrcReadOptions reading;
        reading.pixel_size_A = options.pixel_size_A;
        reading.bytes = options.bytes;
        return read_map(in.path, reading);
    }
    Volume map = read_emd_map(in.path, options.map_name);
    require_finite(in.path, map.values.data(), static_cast<std::int64_t>(map.values.size()), 0);
    if (options.pixel_size_A > 0) map.voxel_A = options.pixel_size_A;
    return map;
}

void write_any_map(const NamedFile& out, const Volume& map, const ConvertOptions& options) {
    if (out.kind == FileKind::hdf5) return write_emd(out.path, map);
    if (out.ending == "mrcs" || out.ending == "st")
        throw bad_input(fmt::format("'{}': found the ending of a stack, expected .mrc for a map", out.path));
    MrcWriter writer(out.path, map.box, map.box, map.voxel_A, MrcKind::map, program_name(),
                     options.precision);
    writer.write_images(map.values.data(), map.box);
    writer.commit();
}

/// The stack that the first row of a particle table names, "" where it is not to be found.
std::string stack_of(const StarFile& file, const std::string& star) {
    for (const StarTable& table : file.tables) {
        const auto column = table.column("rlnImageName");
        if (!column || table.rows.empty()) continue;
        const std::string& name = table.rows.front()[*column];
        const std::string stack = name.substr(name.find('@') + 1);
        for (const fs::path& place : {fs::path(star).parent_path() / stack, fs::path(stack)})
            if (fs::is_regular_file(place)) return place.string();
    }
    return "";
}

void star_to_star(const NamedFile& in, const NamedFile& out, const ConvertOptions& options) {
    const StarFile file = read_star(in.path);
    double pixel_A = options.pixel_size_A;
    std::int64_t size = options.image_size_px;
    if (!file.find("optics") && (size == 0 || pixel_A <= 0)) {
        const std::string stack = stack_of(file, in.path);
        if (!stack.empty()) {
            const MrcInfo info = read_mrc_info(stack);
            size = size > 0 ? size : info.nx;
            pixel_A = pixel_A > 0 ? pixel_A : info.pixel_size_A;
        }
        if (size == 0)
            throw bad_input(
                fmt::format("'{}': the stack of its images was not found, expected it, or --image-size "
                            "(pixels) for the optics table of RELION 3.1",
                            in.path));
    }
    write_star(out.path, upgraded_to_relion31(file, in.path, pixel_A, size));
}

void atoms_to_atoms(const NamedFile& in, const NamedFile& out) {
    AtomsFile file;
    if (in.kind == FileKind::xyz)
        file = read_extxyz(in.path);
    else
        file.atoms = in.kind == FileKind::cif ? read_mmcif(in.path) : read_pdb(in.path);
    const std::string title = "atoms of " + fs::path(in.path).filename().string();
    if (out.kind == FileKind::xyz)
        write_extxyz(out.path, file.atoms, {file.info.begin(), file.info.end()});
    else if (out.kind == FileKind::cif)
        write_mmcif(out.path, file.atoms, title);
    else
        write_pdb(out.path, file.atoms, title);
}

bool is_image_or_map(FileKind kind) {
    return kind == FileKind::mrc || kind == FileKind::hdf5;
}

void check_output(const NamedFile& out, bool overwrite) {
    if (out.gzip)
        throw bad_input(
            fmt::format("'{}': compressed files are read but not written, expected a name without .gz",
                        out.path));
    const fs::path folder = fs::path(out.path).parent_path();
    if (!folder.empty() && !fs::is_directory(folder))
        throw bad_input(fmt::format("'{}': the folder '{}' was not found, expected one that exists", out.path,
                                    folder.string()));
    if (fs::exists(out.path) && !overwrite)
        throw bad_input(fmt::format("'{}': found a file of that name, expected a new one (--overwrite "
                                    "replaces it)",
                                    out.path));
}

}  // namespace

void convert(const std::string& input, const std::string& output, const ConvertOptions& options) {
    const NamedFile in = named_file(input), out = named_file(output);
    check_output(out, options.overwrite);
    if (is_image_or_map(in.kind) && is_image_or_map(out.kind)) {
        if (in.kind == FileKind::mrc && out.kind == FileKind::mrc) return mrc_to_mrc(in, out, options);
        return write_any_map(out, read_any_map(in, options), options);
    }
    if (in.kind == FileKind::star && out.kind == FileKind::star) return star_to_star(in, out, options);
    if (holds_atoms(in.kind) && holds_atoms(out.kind)) return atoms_to_atoms(in, out);
    throw bad_input(fmt::format("'{}' holds {}, which '{}' cannot: expected an OUT for {}", input,
                                content_of(in.kind), output, content_of(in.kind)));
}

}  // namespace tumble::app
