// The HDF5 file of a build without HDF5: every use says so.
#include "io/hdf5_file.hpp"
#include "tumble/error.hpp"

namespace tumble {

class Hdf5File::Content {};

namespace {

[[noreturn]] void refuse(const std::string& file) {
    throw system_error(
        file +
        ": this build has no HDF5: it cannot read or write such files (install libhdf5-dev and "
        "build with -DTUMBLE_HDF5=ON)");
}

}  // namespace

bool has_hdf5() {
    return false;
}

Hdf5File::Hdf5File(std::unique_ptr<Content> content) : content_(std::move(content)) {}
Hdf5File::~Hdf5File() = default;
Hdf5File::Hdf5File(Hdf5File&&) noexcept = default;
Hdf5File& Hdf5File::operator=(Hdf5File&&) noexcept = default;

Hdf5File Hdf5File::create(const std::string& path) {
    refuse(path);
}
Hdf5File Hdf5File::open(const std::string& path) {
    refuse(path);
}
const std::string& Hdf5File::path() const {
    refuse("HDF5");
}
bool Hdf5File::exists(const std::string& name) const {
    refuse(name);
}
bool Hdf5File::is_dataset(const std::string& name) const {
    refuse(name);
}
std::vector<std::string> Hdf5File::children(const std::string& group) const {
    refuse(group);
}
void Hdf5File::copy_group(const Hdf5File&, const std::string& group) {
    refuse(group);
}
void Hdf5File::create_group(const std::string& name) {
    refuse(name);
}
template <typename T>
void Hdf5File::write(const std::string& name, std::span<const T>, std::span<const std::int64_t>) {
    refuse(name);
}
std::vector<std::int64_t> Hdf5File::shape(const std::string& name) const {
    refuse(name);
}
template <typename T>
std::vector<T> Hdf5File::read(const std::string& name) const {
    refuse(name);
}
void Hdf5File::write_text(const std::string& object, const std::string&, const std::string&) {
    refuse(object);
}
void Hdf5File::write_number(const std::string& object, const std::string&, double) {
    refuse(object);
}
void Hdf5File::write_integer(const std::string& object, const std::string&, std::int64_t) {
    refuse(object);
}
bool Hdf5File::has_attribute(const std::string& object, const std::string&) const {
    refuse(object);
}
bool Hdf5File::attribute_is_text(const std::string& object, const std::string&) const {
    refuse(object);
}
std::string Hdf5File::read_text(const std::string& object, const std::string&) const {
    refuse(object);
}
double Hdf5File::read_number(const std::string& object, const std::string&) const {
    refuse(object);
}
std::int64_t Hdf5File::read_integer(const std::string& object, const std::string&) const {
    refuse(object);
}
void Hdf5File::commit() {
    refuse("HDF5");
}

template void Hdf5File::write(const std::string&, std::span<const float>, std::span<const std::int64_t>);
template void Hdf5File::write(const std::string&, std::span<const double>, std::span<const std::int64_t>);
template void Hdf5File::write(const std::string&, std::span<const std::int64_t>,
                              std::span<const std::int64_t>);
template void Hdf5File::write(const std::string&, std::span<const std::uint8_t>,
                              std::span<const std::int64_t>);
template std::vector<float> Hdf5File::read(const std::string&) const;
template std::vector<double> Hdf5File::read(const std::string&) const;
template std::vector<std::int64_t> Hdf5File::read(const std::string&) const;
template std::vector<std::uint8_t> Hdf5File::read(const std::string&) const;

}  // namespace tumble
