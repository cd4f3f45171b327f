#pragma once
// Owning handles of HDF5's C interface and the lock under which it is called. Included by hdf5_file.cpp
// alone.
#include <hdf5.h>

#include <mutex>
#include <new>
#include <utility>

namespace tumble {

/// Held while HDF5 is called: one thread at a time unless the library allows more, and no messages of its
/// own.
class Hdf5Call {
  public:
    Hdf5Call() {
        hbool_t threadsafe = 0;
        if (H5is_library_threadsafe(&threadsafe) < 0 || !threadsafe) lock_ = std::unique_lock(mutex());
        // Other functions crash where HDF5 could not be set up.
        if (H5open() < 0) throw std::bad_alloc();
        H5Eget_auto2(H5E_DEFAULT, &printer_, &printer_data_);
        H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    }
    ~Hdf5Call() { H5Eset_auto2(H5E_DEFAULT, printer_, printer_data_); }
    Hdf5Call(const Hdf5Call&) = delete;
    Hdf5Call& operator=(const Hdf5Call&) = delete;

  private:
    static std::mutex& mutex() {
        static std::mutex one_for_all;
        return one_for_all;
    }
    std::unique_lock<std::mutex> lock_;
    H5E_auto2_t printer_ = nullptr;
    void* printer_data_ = nullptr;
};

/// Closes an identifier with the function that fits its kind.
class Hdf5Handle {
  public:
    using Close = herr_t (*)(hid_t);
    Hdf5Handle() = default;
    Hdf5Handle(hid_t id, Close close) : id_(id), close_(close) {}
    ~Hdf5Handle() {
        if (id_ >= 0) close_(id_);
    }
    Hdf5Handle(Hdf5Handle&& other) noexcept : id_(std::exchange(other.id_, -1)), close_(other.close_) {}
    Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
        std::swap(id_, other.id_);
        std::swap(close_, other.close_);
        return *this;
    }
    hid_t id() const { return id_; }
    bool good() const { return id_ >= 0; }

  private:
    hid_t id_ = -1;
    Close close_ = nullptr;
};

}  // namespace tumble
