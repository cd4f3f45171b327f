#pragma once
// Several devices of one backend that compute together, behind the same table as one: the rooms above cannot tell.
//
// A context holds one of each device, and a thread for each. Images are dealt out in stripes of two, so that a batch of images
// that follow each other has work for all devices, and so have the even and the odd ones; each device holds its images only.
// Candidates, rows and batches go where their images are, slices and pairs of atoms in equal parts. Maps are transformed on
// every device. Normal equations, and solutions for a map, are the first device's.
//
// Scores, choices, polished poses, slices, normal equations and maps have the bits of one device, however many there are
// (equations: where the backend's equations_accumulate_shares says so). Sums over images for the atoms are added in the order
// of the devices: to the rounding of doubles. So are the powers of images that weights are made from, but those are floats of
// about one size: their sums are exact in doubles, and the same.
#include <string>
#include <vector>

#include "backend/operations.hpp"

namespace tumble::backend {

/// The table of several devices, and the number that stands for a list of them there.
struct SeveralDevices {
    const Operations* table = nullptr;
    int number = 0;
};
/// `devices` of `base`, the first of which holds the equations; what is wrong with a device is told when a context is made.
/// `base` has to live as long as the process, and to keep nothing of the arrays it is given. The same list has the same
/// number, from 0 in the order of the first calls. Any thread.
SeveralDevices several_devices(const Operations& base, const std::vector<int>& devices);

/// "cpu", "cuda:2", "cuda:0,1"
std::string device_name(const Operations& table, int number);
/// The device whose memory a context reaches besides the host's (of several, the first one); -1: none.
int memory_device(const Operations& table, int number);

}  // namespace tumble::backend
