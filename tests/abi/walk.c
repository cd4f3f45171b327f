/* Every function of tumble.h once, on a particle of twelve atoms that is simulated here: walk FOLDER. To be run as it is and under
 * valgrind. The test that runs it compares the names in this file with capi/exports.txt. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tumble.h>

enum { BOX = 24, IMAGES = 16, ATOMS = 12, SHELLS = BOX / 2 + 1 };
static const double pixel_A = 0.55, sigma_A = 0.55;

static float stack_pixels[IMAGES * BOX * BOX], density[BOX * BOX * BOX], maps[3][BOX * BOX * BOX];
static double turns[IMAGES * 9], places[IMAGES * 2], scores[IMAGES], weights[IMAGES], curves[4 * SHELLS];
static int32_t numbers[IMAGES], halves[IMAGES], improved[IMAGES];
static int reports, lines, blocks;

#define EXPECT(condition) \
    if (!(condition)) fprintf(stderr, "line %d: expected %s; last error: %s\n", __LINE__, #condition, tumble_last_error()), exit(1)
#define GOOD(call) EXPECT((call) == TUMBLE_OK)

static tumble_array array_of(const void *data, int32_t dtype, int32_t dimensions, int64_t a, int64_t b, int64_t c) {
    const int64_t shape[3] = {a, b, c};
    tumble_array array = {sizeof array};
    int64_t stride = 1;
    array.data = (void *)data;
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
static tumble_array cube(const float *values, int64_t n) { return array_of(values, TUMBLE_FLOAT32, 3, n, n, n); }

static double uniform(void) {
    static int64_t state = 1;
    state = state * 48271 % 2147483647;
    return (double)state / 2147483647.0;
}

static void random_rotation(double *r) {
    const double u = uniform(), a = 6.283185307179586 * uniform(), b = 6.283185307179586 * uniform();
    const double x = sqrt(1 - u) * sin(a), y = sqrt(1 - u) * cos(a), z = sqrt(u) * sin(b), w = sqrt(u) * cos(b);
    const double m[9] = {1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w), 2 * (x * y + z * w), 1 - 2 * (x * x + z * z),
                         2 * (y * z - x * w),     2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)};
    memcpy(r, m, sizeof m);
}

static double profile(int i, double centre) {
    const double d = (i - BOX / 2) * pixel_A - centre;
    return exp(-d * d / (2 * sigma_A * sigma_A));
}

static void simulate(void) {
    double atoms[ATOMS][3];
    for (int n = 0; n < ATOMS;) {
        double *p = atoms[n], nearest = 1e9;
        for (int d = 0; d < 3; d++) p[d] = 7 * uniform() - 3.5;
        for (int m = 0; m < n; m++) {
            const double x = p[0] - atoms[m][0], y = p[1] - atoms[m][1], z = p[2] - atoms[m][2];
            nearest = fmin(nearest, sqrt(x * x + y * y + z * z));
        }
        n += nearest > 2 && p[0] * p[0] + p[1] * p[1] + p[2] * p[2] < 3.5 * 3.5;
    }
    for (int n = 0; n < ATOMS; n++)
        for (int i = 0; i < BOX * BOX * BOX; i++)
            density[i] += (float)(profile(i / BOX / BOX, atoms[n][2]) * profile(i / BOX % BOX, atoms[n][1]) * profile(i % BOX, atoms[n][0]));
    for (int k = 0; k < IMAGES; k++) {
        double *r = turns + 9 * k;
        random_rotation(r);
        numbers[k] = k, halves[k] = 1 + k % 2, weights[k] = 1;
        places[2 * k] = 0.2 * uniform(), places[2 * k + 1] = -0.2 * uniform();
        for (int i = 0; i < BOX * BOX; i++) {
            double value = 0.2 * (uniform() + uniform() + uniform() - 1.5);
            for (int n = 0; n < ATOMS; n++) {
                const double *p = atoms[n];
                value += profile(i % BOX, r[0] * p[0] + r[1] * p[1] + r[2] * p[2] + places[2 * k]) *
                         profile(i / BOX, r[3] * p[0] + r[4] * p[1] + r[5] * p[2] + places[2 * k + 1]);
            }
            stack_pixels[k * BOX * BOX + i] = (float)value;
        }
    }
}

static int32_t on_progress(const tumble_progress *progress, void *user) {
    reports += progress->stage != NULL && user == &reports;
    return 0;
}
static int32_t refuse(const tumble_progress *progress, void *user) { return progress && user ? 7 : 7; }
static void on_log(const char *line, void *user) { lines += line != NULL && user == &lines; }

static void versions_and_options(void) {
    tumble_option option = {sizeof option};
    EXPECT(tumble_abi_number() == TUMBLE_ABI);
    EXPECT(strlen(tumble_version()) > 0);
    EXPECT(tumble_capability("nonsense") == 0);
    EXPECT(tumble_status_group(TUMBLE_E_INPUT) == 2);
    EXPECT(strlen(tumble_status_text(TUMBLE_E_INPUT)) > 0);
    for (int32_t i = 0; i < tumble_option_count(); i++) {
        GOOD(tumble_option_describe(i, &option));
        EXPECT(strlen(option.name) > 0);
    }
    EXPECT(tumble_option_describe(-1, &option) == TUMBLE_E_ARGUMENT);
}

static void files(const char *folder) {
    char path[1024];
    double voxel_A;
    tumble_stack *file;
    tumble_array read = {sizeof read};
    const tumble_array map = cube(density, BOX);
    snprintf(path, sizeof path, "%s/map.mrc", folder);
    GOOD(tumble_map_write(path, &map, pixel_A));
    GOOD(tumble_stack_read(path, &file));
    GOOD(tumble_stack_images(file, &read));
    GOOD(tumble_stack_pixel_size(file, &voxel_A));
    EXPECT(read.shape[0] == BOX && !memcmp(read.data, density, sizeof density) && fabs(voxel_A - pixel_A) < 1e-6);
    tumble_stack_destroy(file);
    EXPECT(tumble_stack_read("/absent/file.mrc", &file) == TUMBLE_E_INPUT && file == NULL);
}

static tumble_options *options_of_a_run(void) {
    tumble_options *options;
    const tumble_array r = array_of(turns, TUMBLE_FLOAT64, 3, IMAGES, 3, 3), t = array_of(places, TUMBLE_FLOAT64, 2, IMAGES, 2, 0);
    const tumble_array h = array_of(halves, TUMBLE_INT32, 1, IMAGES, 0, 0);
    GOOD(tumble_options_create(&options));
    GOOD(tumble_options_set_float64(options, "pixel-size", pixel_A));
    GOOD(tumble_options_set_text(options, "element", "Pt"));
    GOOD(tumble_options_set_int64(options, "threads", 1));
    EXPECT(tumble_options_set_text(options, "no-such-option", "") == TUMBLE_E_KEY);
    GOOD(tumble_options_set_poses(options, &r, &t));
    GOOD(tumble_options_set_halves(options, &h));
    return options;
}

static void *take(uint64_t bytes, void *user) {
    ++*(int *)user;
    return malloc(bytes);
}
static void give_back(void *memory, void *user) {
    --*(int *)user;
    free(memory);
}

static void runs(const char *folder) {
    char path[1024], text[64];
    double value;
    int64_t needed;
    int32_t left = 1, told;
    tumble_context *context;
    tumble_options *options = options_of_a_run(), *with_map;
    tumble_run *run;
    tumble_result *result, *whole;
    tumble_plan plan = {sizeof plan};
    tumble_array atoms = {sizeof atoms}, same = {sizeof same};
    const tumble_array stack = array_of(stack_pixels, TUMBLE_FLOAT32, 3, IMAGES, BOX, BOX), map = cube(density, BOX);

    GOOD(tumble_options_create(&with_map));
    GOOD(tumble_options_set_reference(with_map, &map, pixel_A));
    tumble_options_destroy(with_map);
    GOOD(tumble_plan_query(&stack, options, &plan));
    EXPECT(plan.box > 0 && plan.host_bytes > 0);

    GOOD(tumble_context_create(&context));
    GOOD(tumble_context_set_log(context, on_log, &lines));
    GOOD(tumble_context_set_progress(context, refuse, &reports));
    EXPECT(tumble_reconstruct(context, &stack, options, &result) == TUMBLE_E_CANCELLED && result == NULL);
    GOOD(tumble_context_callback_value(context, &told));
    EXPECT(told == 7 && strlen(tumble_context_error(context)) > 0);
    GOOD(tumble_context_set_progress(context, on_progress, &reports));
    tumble_context_cancel(context);
    EXPECT(tumble_reconstruct(context, &stack, options, &result) == TUMBLE_E_CANCELLED);

    GOOD(tumble_context_set_allocator(context, take, give_back, &blocks));
    GOOD(tumble_run_create(context, &stack, options, &run));
    while (left) GOOD(tumble_run_step(context, run, &left));
    GOOD(tumble_run_number(run, "rounds", &value));
    GOOD(tumble_run_array(run, "map", &atoms));
    EXPECT(!strcmp(tumble_run_stage(run), "done"));
    snprintf(path, sizeof path, "%s/run.h5", folder);
    EXPECT(tumble_run_save(run, path) == (tumble_capability("hdf5") ? TUMBLE_OK : TUMBLE_E_INPUT));
    GOOD(tumble_run_take_result(run, &result));
    tumble_run_destroy(run);
    GOOD(tumble_context_set_allocator(context, NULL, NULL, NULL));
    GOOD(tumble_reconstruct(context, &stack, options, &whole));
    GOOD(tumble_result_array(result, "atom_positions", &atoms));
    GOOD(tumble_result_array(whole, "atom_positions", &same));
    EXPECT(atoms.shape[0] == same.shape[0] && !memcmp(atoms.data, same.data, sizeof(double) * 3 * (size_t)atoms.shape[0]));
    GOOD(tumble_result_number(result, "atoms", &value));
    GOOD(tumble_result_text(result, "verdict", NULL, 0, &needed));
    GOOD(tumble_result_text(result, "verdict", text, sizeof text, &needed));
    EXPECT((size_t)needed == strlen(text) + 1 && reports > 0 && lines > 0);
    tumble_context_destroy(context);
    tumble_options_destroy(options);
    tumble_result_destroy(whole);
    EXPECT(blocks > 10);
    tumble_result_destroy(result);
    EXPECT(blocks == 0);
}

static void operators(void) {
    double value, frequency[4] = {0.1, 0.05, -0.2, 0.1};
    float slices[2 * 2 * 2];
    tumble_device *device;
    tumble_images *images;
    tumble_transform *transform;
    tumble_search *search;
    tumble_equations *first, *second;
    tumble_atoms *found, *refined;
    tumble_array positions = {sizeof positions};
    const tumble_scoring band = {sizeof band, 0.1, 0.7, 0.3};
    const tumble_array stack = array_of(stack_pixels, TUMBLE_FLOAT32, 3, IMAGES, BOX, BOX), map = cube(density, BOX);
    const tumble_array r = array_of(turns, TUMBLE_FLOAT64, 3, IMAGES, 3, 3), t = array_of(places, TUMBLE_FLOAT64, 2, IMAGES, 2, 0);
    const tumble_array s = array_of(scores, TUMBLE_FLOAT64, 1, IMAGES, 0, 0), w = array_of(weights, TUMBLE_FLOAT64, 1, IMAGES, 0, 0);
    const tumble_array n = array_of(numbers, TUMBLE_INT32, 1, IMAGES, 0, 0), better = array_of(improved, TUMBLE_INT32, 1, IMAGES, 0, 0);
    const tumble_array two = array_of(turns, TUMBLE_FLOAT64, 3, 2, 3, 3), k = array_of(frequency, TUMBLE_FLOAT64, 2, 2, 2, 0);
    const tumble_array cut = array_of(slices, TUMBLE_FLOAT32, 3, 2, 2, 2);

    GOOD(tumble_device_create("cpu", 1, &device));
    EXPECT(!strcmp(tumble_device_name(device), "cpu"));
    EXPECT(tumble_device_set_stream(device, NULL) == TUMBLE_E_DEVICE);
    GOOD(tumble_images_create(NULL, device, &stack, pixel_A, 0, 0, &images));
    GOOD(tumble_images_number(images, "box", &value));
    EXPECT(value <= BOX);
    const tumble_array half1 = cube(maps[0], (int64_t)value), half2 = cube(maps[1], (int64_t)value), both = cube(maps[2], (int64_t)value);
    GOOD(tumble_images_match_map(images, &map, pixel_A, &both));
    GOOD(tumble_transform_create(device, &both, pixel_A, &transform));
    GOOD(tumble_transform_slices(transform, &two, &k, &cut));
    GOOD(tumble_poses_score(images, transform, &band, &n, &r, &t, &s));
    GOOD(tumble_poses_search_shifts(images, transform, &band, 1, NULL, &r, &t, &s));
    GOOD(tumble_poses_polish(images, transform, &band, 1, NULL, &r, &t, &s));
    GOOD(tumble_search_create(images, transform, &band, 0, 0.5, 1, &search));
    GOOD(tumble_search_number(search, "views", &value));
    GOOD(tumble_search_climb(search, 0.05, 1, 0, NULL, &r, &t, &s, &better));

    GOOD(tumble_equations_create(images, &first));
    GOOD(tumble_equations_create(images, &second));
    GOOD(tumble_equations_insert(first, &band, &n, &r, &t, &w));
    GOOD(tumble_equations_insert(second, &band, NULL, &r, &t, NULL));
    GOOD(tumble_equations_solve(first, 0.7, 2, &half1));
    GOOD(tumble_equations_add(second, first, 1));
    GOOD(tumble_equations_solve(second, 0.7, 2, &half2));
    const tumble_array rows = array_of(curves, TUMBLE_FLOAT64, 2, 4, half1.shape[0] / 2 + 1, 0);
    GOOD(tumble_maps_correlate(device, &half1, &half2, NULL, pixel_A, 1, &rows));
    const tumble_array f = array_of(curves, TUMBLE_FLOAT64, 1, rows.shape[1], 0, 0);
    const tumble_array fsc = array_of(curves + 3 * rows.shape[1], TUMBLE_FLOAT64, 1, rows.shape[1], 0, 0);
    GOOD(tumble_curve_resolution(&f, &fsc, 0.143, &value));
    GOOD(tumble_map_restore(device, &half1, &fsc, &both));
    GOOD(tumble_map_find_mask(device, &half1, pixel_A, &both));
    GOOD(tumble_atoms_find(NULL, &map, &map, &map, pixel_A, "Pt", 1.5, 5, 1, &found));
    GOOD(tumble_atoms_refine(NULL, images, NULL, &r, &t, NULL, found, &refined));
    GOOD(tumble_atoms_array(refined, "atom_positions", &positions));
    EXPECT(positions.shape[0] > 0);
    GOOD(tumble_search_best(search, NULL, &r, &t, &s));
    /* Parents first: children keep alive what they need. */
    tumble_device_destroy(device);
    tumble_images_destroy(images);
    tumble_transform_destroy(transform);
    tumble_search_destroy(search);
    tumble_equations_destroy(second);
    tumble_equations_destroy(first);
    tumble_atoms_destroy(found);
    tumble_atoms_destroy(refined);
}

int main(int argc, char **argv) {
    if (argc != 2) return fprintf(stderr, "usage: %s FOLDER\n", argv[0]), 2;
    simulate();
    versions_and_options();
    files(argv[1]);
    runs(argv[1]);
    operators();
    puts("walked");
    return 0;
}
