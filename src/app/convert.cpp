#include "app/convert.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <vector>

#include "app/interrupt.hpp"
#include "app/version_line.hpp"
#include "io/atoms_file.hpp"
#include "io/emd.hpp"
#include "io/file_format.hpp"
#include "io/mrc.hpp"
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

/// .mrcs is for images; under .mrc the input decides. RELION writes stacks that call themselves volumes.
MrcKind kind_to_write(const std::string& in, const std::string& out, const MrcInfo& info) {
    if (format_of(out) == FileFormat::mrc_stack) return MrcKind::stack;
    return info.is_volume && format_of(in) != FileFormat::mrc_stack ? MrcKind::map : MrcKind::stack;
}

/// A map has one voxel size on all three axes or none that can be kept.
double pixel_size_to_write(const std::string& in, const MrcInfo& info, MrcKind kind,
                           const ConvertOptions& options) {
    if (options.pixel_size_A > 0) return options.pixel_size_A;
    const auto& cell = info.cell_pixel_A;
    if (kind == MrcKind::map && info.is_volume && cell[0] > 0 && std::abs(cell[2] / cell[0] - 1) > 1e-3)
        throw bad_input(
            fmt::format("'{}': voxel sizes {:.6g}, {:.6g}, {:.6g} A on x, y, z, expected equal ones or "
                        "--pixel-size",
                        in, cell[0], cell[1], cell[2]));
    return info.pixel_size_A;
}

void mrc_to_mrc(const std::string& in, const std::string& out, const ConvertOptions& options) {
    MrcReader reader(in, options.bytes);
    const MrcInfo& info = reader.info();
    if (info.is_volume_stack)
        throw bad_input(
            fmt::format("'{}': found a stack of volumes, expected images or one map", in));
    const MrcKind kind = kind_to_write(in, out, info);
    MrcWriter writer(out, info.nx, info.ny, pixel_size_to_write(in, info, kind, options), kind,
                     program_name(), options.precision);
    const std::int64_t pixels = info.nx * info.ny;
    const std::int64_t piece = std::clamp<std::int64_t>(values_a_piece / pixels, 1, info.nz);
    std::vector<float> values(static_cast<std::size_t>(piece * pixels));
    for (std::int64_t first = 0; first < info.nz; first += piece) {
        if (interrupt_requested())
            throw Error(ErrorKind::interrupted, fmt::format("interrupted, '{}' was not written", out));
        const std::int64_t count = std::min(piece, info.nz - first);
        reader.read_images(first, count, values.data());
        for (std::int64_t i = 0; i < count; i++)
            require_finite(in, values.data() + i * pixels, pixels, first + i);
        writer.write_images(values.data(), count);
    }
    writer.commit();
}

Volume read_any_map(const std::string& in, const ConvertOptions& options) {
    MrcReadOptions reading;
    reading.bytes = options.bytes;
    Volume map = is_mrc(format_of(in)) ? read_map(in, reading) : read_emd_map(in, options.map_name);
    require_finite(in, map.values.data(), static_cast<std::int64_t>(map.values.size()), 0);
    if (options.pixel_size_A > 0) map.voxel_A = options.pixel_size_A;
    return map;
}

void write_any_map(const std::string& out, const Volume& map, const ConvertOptions& options) {
    if (format_of(out) == FileFormat::hdf5) return write_emd(out, map);
    if (format_of(out) == FileFormat::mrc_stack)
        throw bad_input(fmt::format("'{}': found the ending of a stack, expected .mrc for a map", out));
    MrcWriter writer(out, map.box, map.box, map.voxel_A, MrcKind::map, program_name(),
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

void star_to_star(const std::string& in, const std::string& out, const ConvertOptions& options) {
    const StarFile file = read_star(in);
    double pixel_A = options.pixel_size_A;
    std::int64_t size = options.image_size_px;
    if (!file.find("optics") && (size == 0 || pixel_A <= 0)) {
        const std::string stack = stack_of(file, in);
        if (!stack.empty()) {
            const MrcInfo info = read_mrc_info(stack);
            size = size > 0 ? size : info.nx;
            pixel_A = pixel_A > 0 ? pixel_A : info.pixel_size_A;
        }
        if (size == 0)
            throw bad_input(
                fmt::format("'{}': the stack of its images was not found, expected it, or --image-size "
                            "(pixels) for the optics table of RELION 3.1",
                            in));
    }
    write_star(out, upgraded_to_relion31(file, in, pixel_A, size));
}

void check_output(const std::string& out, bool overwrite) {
    if (is_gzip_name(out))
        throw bad_input(
            fmt::format("'{}': compressed files are read but not written, expected a name without .gz",
                        out));
    const fs::path folder = fs::path(out).parent_path();
    if (!folder.empty() && !fs::is_directory(folder))
        throw bad_input(fmt::format("'{}': the folder '{}' was not found, expected one that exists", out,
                                    folder.string()));
    if (fs::exists(out) && !overwrite)
        throw bad_input(fmt::format("'{}': found a file of that name, expected a new one (--overwrite "
                                    "replaces it)",
                                    out));
}

void check_names(const std::string& input, const std::string& output) {
    for (const std::string& file : {input, output})
        if (format_of(file) == FileFormat::unknown)
            throw bad_input(
                fmt::format("'{}': the ending says no known format, expected .mrc .mrcs .map (also with .gz), "
                            ".emd .h5, .star, .xyz, .cif or .pdb",
                            file));
}

}  // namespace

void convert(const std::string& input, const std::string& output, const ConvertOptions& options) {
    check_names(input, output);
    check_output(output, options.overwrite);
    const FileFormat from = format_of(input), to = format_of(output);
    if (is_mrc(from) && is_mrc(to)) return mrc_to_mrc(input, output, options);
    if ((is_mrc(from) || from == FileFormat::hdf5) && (is_mrc(to) || to == FileFormat::hdf5))
        return write_any_map(output, read_any_map(input, options), options);
    if (from == FileFormat::star && to == FileFormat::star) return star_to_star(input, output, options);
    if (is_atoms(from) && is_atoms(to))
        return write_atoms(output, read_atoms(input), "atoms of " + fs::path(input).filename().string());
    throw bad_input(fmt::format("'{}': found a name for {}, expected one for {}, which '{}' holds", output,
                                content_of(to), content_of(from), input));
}

}  // namespace tumble::app
