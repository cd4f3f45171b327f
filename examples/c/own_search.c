/* A host that has a search of its own and takes the operators alone: it scores random orientations of every image against a
 * density, keeps the best, polishes it, and says how the scores grew: own_search IMAGES.mrcs PIXEL_SIZE_A DENSITY.mrc TRIES */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tumble.h>

static void check(tumble_status status) {
    if (status == TUMBLE_OK) return;
    fprintf(stderr, "tumble: %s\n", tumble_last_error());
    exit(1);
}

/* Between 0 and 1 (Park & Miller, Comm. ACM 36 (7), 105 (1993)): the same numbers in every language. */
static double uniform(void) {
    static int64_t state = 1;
    state = state * 48271 % 2147483647;
    return (double)state / 2147483647.0;
}

/* A uniformly random rotation from a random unit quaternion (Shoemake, Graphics Gems III, 1992). */
static void random_rotation(double *r) {
    const double u = uniform(), a = 6.283185307179586 * uniform(), b = 6.283185307179586 * uniform();
    const double x = sqrt(1 - u) * sin(a), y = sqrt(1 - u) * cos(a), z = sqrt(u) * sin(b), w = sqrt(u) * cos(b);
    const double m[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), 2 * (x * y + z * w), 1 - 2 * (x * x + z * z),
                         2 * (y * z - x * w),     2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)};
    memcpy(r, m, sizeof m);
}

static tumble_array host_array(void *data, int32_t dtype, int32_t dimensions, int64_t a, int64_t b, int64_t c) {
    const int64_t shape[3] = {a, b, c};
    tumble_array array = {sizeof array};
    int64_t stride = 1;
    array.data = data;
    array.dtype = dtype;
    array.memory = TUMBLE_MEMORY_HOST;
    array.dimensions = dimensions;
    for (int axis = dimensions - 1; axis >= 0; axis--) {
        array.shape[axis] = shape[axis];
        array.stride[axis] = stride;
        stride *= shape[axis];
    }
    return array;
}

static double mean(const double *values, int64_t count) {
    double sum = 0;
    for (int64_t i = 0; i < count; i++) sum += values[i];
    return sum / (double)count;
}

int main(int argc, char **argv) {
    if (argc != 5) return fprintf(stderr, "usage: %s IMAGES.mrcs PIXEL_SIZE_A DENSITY.mrc TRIES\n", argv[0]), 2;
    const double pixel_A = atof(argv[2]);
    const int tries = atoi(argv[4]);
    tumble_device *device;
    tumble_stack *stack, *density;
    tumble_images *images;
    tumble_transform *transform;
    tumble_array pixels = {sizeof pixels}, voxels = {sizeof voxels};
    tumble_scoring scoring = {sizeof scoring, 0.1, 0.8, 0.4};
    double box, voxel_A;

    check(tumble_device_create("auto", 0, &device));
    check(tumble_stack_read(argv[1], &stack));
    check(tumble_stack_images(stack, &pixels));
    check(tumble_images_create(NULL, device, &pixels, pixel_A, 0, 0, &images));
    check(tumble_stack_read(argv[3], &density));
    check(tumble_stack_images(density, &voxels));
    check(tumble_stack_pixel_size(density, &voxel_A));
    check(tumble_images_number(images, "box", &box));
    const int64_t n = (int64_t)box, count = pixels.shape[0];
    float *matched = malloc(sizeof *matched * (size_t)(n * n * n));
    tumble_array map = host_array(matched, TUMBLE_FLOAT32, 3, n, n, n);
    check(tumble_images_match_map(images, &voxels, voxel_A, &map));
    check(tumble_transform_create(device, &map, pixel_A, &transform));

    double *rotations = calloc((size_t)count * 9, sizeof *rotations), *shifts = calloc((size_t)count * 2, sizeof *shifts);
    double *scores = calloc((size_t)count, sizeof *scores), *best_rotations = calloc((size_t)count * 9, sizeof *rotations);
    double *best_scores = malloc((size_t)count * sizeof *scores);
    const tumble_array r = host_array(rotations, TUMBLE_FLOAT64, 3, count, 3, 3), t = host_array(shifts, TUMBLE_FLOAT64, 2, count, 2, 0),
                       s = host_array(scores, TUMBLE_FLOAT64, 1, count, 0, 0), br = host_array(best_rotations, TUMBLE_FLOAT64, 3, count, 3, 3),
                       bs = host_array(best_scores, TUMBLE_FLOAT64, 1, count, 0, 0);
    for (int64_t i = 0; i < count; i++) best_scores[i] = -1e300;
    for (int k = 0; k < tries; k++) {
        for (int64_t i = 0; i < count; i++) random_rotation(rotations + 9 * i);
        check(tumble_poses_score(images, transform, &scoring, NULL, &r, &t, &s));
        for (int64_t i = 0; i < count; i++) {
            if (scores[i] <= best_scores[i]) continue;
            best_scores[i] = scores[i];
            memcpy(best_rotations + 9 * i, rotations + 9 * i, 9 * sizeof *rotations);
        }
        if (k == 0) printf("one random orientation an image: mean score %.3f\n", mean(best_scores, count));
    }
    printf("the best of %d: %.3f\n", tries, mean(best_scores, count));
    check(tumble_poses_polish(images, transform, &scoring, 6, NULL, &br, &t, &bs));
    printf("polished: %.3f\n", mean(best_scores, count));

    free(best_scores), free(best_rotations), free(scores), free(shifts), free(rotations), free(matched);
    tumble_transform_destroy(transform);
    tumble_images_destroy(images);
    tumble_stack_destroy(density);
    tumble_stack_destroy(stack);
    tumble_device_destroy(device);
    return 0;
}
