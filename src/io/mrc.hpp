#pragma once
// MRC images and maps: everything that other rooms need.
#include "io/mrc_header.hpp"
#include "io/mrc_read.hpp"
#include "io/mrc_write.hpp"
