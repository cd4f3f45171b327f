#include "io/poses_star.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "tumble/error.hpp"

namespace tumble {

namespace {

// Values of one table by column name; sentences name file, row, column, what was found.
class TableReader {
  public:
    TableReader(const StarTable& table, const std::string& file) : table_(table), file_(file) {}
    bool has(std::string_view column) const { return table_.column(column).has_value(); }
    std::size_t rows() const { return table_.rows.size(); }
    const std::string& text(std::size_t row, std::string_view column) const {
        const auto at = table_.column(column);
        if (!at)
            throw bad_input(
                fmt::format("'{}': column '{}' is missing from table '{}'", file_, column, table_.name));
        return table_.rows[row][*at];
    }
    double number(std::size_t row, std::string_view column) const {
        const std::string& value = text(row, column);
        double result = 0;
        const char* first = value.data() + (value.starts_with('+') ? 1 : 0);
        const auto [end, error] = std::from_chars(first, value.data() + value.size(), result);
        if (error != std::errc() || end != value.data() + value.size() || !std::isfinite(result))
            throw bad_input(fmt::format("'{}', row {}: {} is '{}', expected a finite number", file_, row + 1,
                                        column, value));
        return result;
    }
    double number_or(std::size_t row, std::string_view column, double otherwise) const {
        return has(column) ? number(row, column) : otherwise;
    }

  private:
    const StarTable& table_;
    const std::string& file_;
};

const StarTable& particle_table(const StarFile& file, const std::string& name) {
    for (const char* table_name : {"particles", "images", ""})
        if (const StarTable* table = file.find(table_name)) return *table;
    for (const StarTable& table : file.tables)
        if (table.column("rlnAngleRot") || table.column("rlnImageName")) return table;
    throw bad_input(fmt::format(
        "'{}': no particle table found, expected 'data_particles', 'data_images' or 'data_'", name));
}

// Pixel size of a row that gives its origin in pixels; 0 where nothing says it.
double row_pixel_size(const TableReader& particles, std::size_t row, const StarTable* optics,
                      const std::string& name, double given_A) {
    if (particles.has("rlnDetectorPixelSize") && particles.has("rlnMagnification"))
        return 1e4 * particles.number(row, "rlnDetectorPixelSize") /
               particles.number(row, "rlnMagnification");
    if (particles.has("rlnImagePixelSize")) return particles.number(row, "rlnImagePixelSize");
    if (optics && optics->column("rlnImagePixelSize")) {
        const TableReader groups(*optics, name);
        if (groups.rows() == 1 && !particles.has("rlnOpticsGroup"))
            return groups.number(0, "rlnImagePixelSize");
        for (std::size_t g = 0; g < groups.rows(); g++)
            if (groups.text(g, "rlnOpticsGroup") == particles.text(row, "rlnOpticsGroup"))
                return groups.number(g, "rlnImagePixelSize");
        throw bad_input(fmt::format("'{}', row {}: optics group '{}' is not in the optics table", name,
                                    row + 1, particles.text(row, "rlnOpticsGroup")));
    }
    return given_A;
}

Vec2 read_origin_A(const TableReader& particles, std::size_t row, const StarTable* optics,
                   const std::string& name, double given_A) {
    if (particles.has("rlnOriginXAngst"))
        return {particles.number(row, "rlnOriginXAngst"), particles.number(row, "rlnOriginYAngst")};
    if (!particles.has("rlnOriginX")) return {};
    const Vec2 pixels{particles.number(row, "rlnOriginX"), particles.number(row, "rlnOriginY")};
    if (pixels == Vec2{}) return {};
    const double pixel_A = row_pixel_size(particles, row, optics, name, given_A);
    if (!(pixel_A > 0) || !std::isfinite(pixel_A))
        throw bad_input(fmt::format(
            "'{}', row {}: rlnOriginX is in pixels and the pixel size is not known, expected --pixel-size",
            name, row + 1));
    return {pixels.x * pixel_A, pixels.y * pixel_A};
}

std::string located(const std::string& file, const std::filesystem::path& star_folder) {
    std::error_code ignored;
    const auto beside = star_folder / file;
    return std::filesystem::exists(beside, ignored) ? beside.lexically_normal().string() : file;
}

void read_image_name(const std::string& value, std::size_t row, const std::filesystem::path& path,
                     ParticlePose& particle) {
    const std::size_t at = value.find('@');
    if (at == std::string::npos) {
        particle.image_file = located(value, path.parent_path());
        particle.image_index = 0;
        return;
    }
    std::int64_t index = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + at, index);
    if (error != std::errc() || end != value.data() + at || index < 1)
        throw bad_input(fmt::format("'{}', row {}: rlnImageName is '{}', expected a number from 1 before '@'",
                                    path.string(), row + 1, value));
    particle.image_index = index - 1;
    particle.image_file = located(value.substr(at + 1), path.parent_path());
}

// Without the sign of a negative zero, so that writing what was read gives the same text.
std::string six_decimals(double value) {
    std::string text = fmt::format("{:.6f}", value);
    return text == "-0.000000" ? "0.000000" : text;
}

StarTable optics_table(const PoseOptics& optics) {
    return {"optics",
            {"rlnOpticsGroup", "rlnOpticsGroupName", "rlnVoltage", "rlnSphericalAberration",
             "rlnAmplitudeContrast", "rlnImagePixelSize", "rlnImageSize", "rlnImageDimensionality"},
            {{"1", "opticsGroup1", six_decimals(optics.voltage_kV),
              six_decimals(optics.spherical_aberration_mm), six_decimals(optics.amplitude_contrast),
              six_decimals(optics.pixel_size_A), std::to_string(optics.image_size), "2"}},
            true};
}

}  // namespace

std::vector<ParticlePose> read_poses(const std::filesystem::path& path, double pixel_size_A) {
    const std::string name = path.string();
    const StarFile file = read_star(path);
    const StarTable* optics = file.find("optics");
    const TableReader particles(particle_table(file, name), name);
    if (particles.rows() == 0) throw bad_input(fmt::format("'{}': the particle table has no rows", name));
    std::vector<ParticlePose> poses(particles.rows());
    for (std::size_t row = 0; row < poses.size(); row++) {
        ParticlePose& particle = poses[row];
        particle.pose.rotation =
            rotation_from_euler({particles.number(row, "rlnAngleRot"), particles.number(row, "rlnAngleTilt"),
                                 particles.number(row, "rlnAnglePsi")});
        const Vec2 origin_A = read_origin_A(particles, row, optics, name, pixel_size_A);
        particle.pose.shift_A = {-origin_A.x, -origin_A.y};
        const double half = particles.number_or(row, "rlnRandomSubset", 0);
        if (half != 0 && half != 1 && half != 2)
            throw bad_input(
                fmt::format("'{}', row {}: rlnRandomSubset is {}, expected 1 or 2", name, row + 1, half));
        particle.half = static_cast<int>(half);
        particle.image_index = static_cast<std::int64_t>(row);
        if (particles.has("rlnImageName"))
            read_image_name(particles.text(row, "rlnImageName"), row, path, particle);
        particle.score = particles.number_or(row, "rlnLogLikeliContribution", 0);
        particle.margin = particles.number_or(row, "tmbMargin", 0);
        particle.rejected = particles.number_or(row, "tmbRejected", 0) != 0;
    }
    return poses;
}

void write_poses(const std::filesystem::path& path, std::span<const ParticlePose> poses,
                 const PoseOptics& optics) {
    StarTable particles{
        "particles",
        {"rlnImageName", "rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi", "rlnOriginXAngst", "rlnOriginYAngst",
         "rlnOpticsGroup", "rlnRandomSubset", "rlnLogLikeliContribution", "tmbMargin", "tmbRejected"},
        {},
        true};
    // RELION knows no subset 0: without halves the column stays away.
    const bool with_halves =
        std::any_of(poses.begin(), poses.end(), [](const ParticlePose& p) { return p.half != 0; });
    const auto folder = std::filesystem::absolute(path).parent_path();
    for (const ParticlePose& particle : poses) {
        const EulerAngles angles = euler_from_rotation(particle.pose.rotation);
        const std::string file = std::filesystem::absolute(particle.image_file)
                                     .lexically_normal()
                                     .lexically_relative(folder.lexically_normal())
                                     .generic_string();
        particles.rows.push_back({fmt::format("{:06d}@{}", particle.image_index + 1, file),
                                  six_decimals(angles.rot_deg), six_decimals(angles.tilt_deg),
                                  six_decimals(angles.psi_deg), six_decimals(-particle.pose.shift_A.x),
                                  six_decimals(-particle.pose.shift_A.y), "1", std::to_string(particle.half),
                                  six_decimals(particle.score), six_decimals(particle.margin),
                                  particle.rejected ? "1" : "0"});
    }
    if (!with_halves) {
        const std::size_t half = *particles.column("rlnRandomSubset");
        particles.columns.erase(particles.columns.begin() + static_cast<std::ptrdiff_t>(half));
        for (auto& row : particles.rows) row.erase(row.begin() + static_cast<std::ptrdiff_t>(half));
    }
    write_star(path, {{optics_table(optics), particles}});
}

StarFile upgraded_to_relion31(const StarFile& file, const std::string& name, double pixel_size_A,
                              std::int64_t image_size) {
    const StarTable* optics = file.find("optics");
    StarTable particles = particle_table(file, name);
    if (optics && !particles.column("rlnOriginX")) return file;
    const TableReader old(particles, name);
    double pixel_A = pixel_size_A;
    std::vector<std::string> x_A, y_A;
    for (std::size_t row = 0; row < particles.rows.size(); row++) {
        const Vec2 origin_A = read_origin_A(old, row, optics, name, pixel_size_A);
        x_A.push_back(six_decimals(origin_A.x)), y_A.push_back(six_decimals(origin_A.y));
        const double row_A = row_pixel_size(old, row, optics, name, pixel_size_A);
        if (row == 0) pixel_A = row_A;
        if (!optics && std::abs(row_A - pixel_A) > 1e-4 * pixel_A)
            throw bad_input(
                fmt::format("'{}', row {}: pixel size {:.6g} A, expected {:.6g} A as in the first row", name,
                            row + 1, row_A, pixel_A));
    }
    if (!(pixel_A > 0))
        throw bad_input(fmt::format("'{}': the pixel size is not known, expected --pixel-size", name));
    const auto rename = [&](std::string_view from, const char* to, const std::vector<std::string>& values) {
        const auto at = particles.column(from);
        if (!at) return;
        particles.columns[*at] = to;
        for (std::size_t row = 0; row < values.size(); row++) particles.rows[row][*at] = values[row];
    };
    rename("rlnOriginX", "rlnOriginXAngst", x_A);
    rename("rlnOriginY", "rlnOriginYAngst", y_A);
    particles.name = "particles";
    if (!particles.column("rlnOpticsGroup")) {
        particles.columns.push_back("rlnOpticsGroup");
        for (auto& row : particles.rows) row.push_back("1");
    }
    return {{optics ? *optics : optics_table({pixel_A, image_size}), particles}};
}

}  // namespace tumble
