/* From images to a map and atoms: reconstruct IMAGES.mrcs PIXEL_SIZE_A ELEMENT MAP.mrc */
#include <stdio.h>
#include <stdlib.h>
#include <tumble.h>

static void check(tumble_status status) {
    if (status == TUMBLE_OK) return;
    fprintf(stderr, "tumble: %s\n", tumble_last_error());
    exit(1);
}

int main(int argc, char **argv) {
    if (argc != 5) return fprintf(stderr, "usage: %s IMAGES.mrcs PIXEL_SIZE_A ELEMENT MAP.mrc\n", argv[0]), 2;
    const double pixel_size_A = atof(argv[2]);
    tumble_context *context;
    tumble_options *options;
    tumble_stack *stack;
    tumble_result *result;
    tumble_array images = {sizeof images}, map = {sizeof map}, positions = {sizeof positions}, sigmas = {sizeof sigmas};
    double resolution_A;
    char verdict[16];

    check(tumble_context_create(&context));
    check(tumble_options_create(&options));
    check(tumble_options_set_float64(options, "pixel-size", pixel_size_A));
    check(tumble_options_set_text(options, "element", argv[3]));
    check(tumble_stack_read(argv[1], &stack));
    check(tumble_stack_images(stack, &images));
    check(tumble_reconstruct(context, &images, options, &result));
    check(tumble_result_number(result, "resolution_0143_A", &resolution_A));
    check(tumble_result_text(result, "verdict", verdict, sizeof verdict, NULL));
    check(tumble_result_array(result, "map", &map));
    check(tumble_map_write(argv[4], &map, pixel_size_A));
    check(tumble_result_array(result, "atom_positions", &positions));
    check(tumble_result_array(result, "atom_sigmas", &sigmas));

    printf("# resolution %.3f A, verdict %s, %lld atoms: x y z sigma_x sigma_y sigma_z (A)\n", resolution_A, verdict,
           (long long)positions.shape[0]);
    for (int64_t a = 0; a < positions.shape[0]; a++) {
        const double *p = (const double *)positions.data + 3 * a, *s = (const double *)sigmas.data + 3 * a;
        printf("%.6f %.6f %.6f %.6f %.6f %.6f\n", p[0], p[1], p[2], s[0], s[1], s[2]);
    }
    tumble_result_destroy(result);
    tumble_stack_destroy(stack);
    tumble_options_destroy(options);
    tumble_context_destroy(context);
    return 0;
}
