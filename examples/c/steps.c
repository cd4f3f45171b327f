/* A host that drives the reconstruction itself: it looks in after each step, draws its own progress, cancels half way as a user
 * would, and resumes in a new run from the checkpoint: steps IMAGES.mrcs PIXEL_SIZE_A ELEMENT CHECKPOINT.h5 */
#include <stdio.h>
#include <stdlib.h>
#include <tumble.h>

static void check(tumble_status status) {
    if (status == TUMBLE_OK) return;
    fprintf(stderr, "tumble: %s\n", tumble_last_error());
    exit(1);
}

struct user {
    int reports, cancel_at; /* -1: never */
};

static int32_t report(const tumble_progress *progress, void *data) {
    struct user *user = data;
    fprintf(stderr, "\r%-16s %3.0f %%", progress->stage, 100 * progress->fraction);
    return ++user->reports == user->cancel_at;
}

static void show(const tumble_run *run) {
    double rounds, moved, explained;
    check(tumble_run_number(run, "rounds", &rounds));
    check(tumble_run_number(run, "moved", &moved));
    check(tumble_run_number(run, "explained", &explained));
    fprintf(stderr, "\r%s: %.0f rounds, %.1f %% of the images moved, %.2f of the signal explained\n", tumble_run_stage(run), rounds, 100 * moved,
            explained);
}

int main(int argc, char **argv) {
    if (argc != 5) return fprintf(stderr, "usage: %s IMAGES.mrcs PIXEL_SIZE_A ELEMENT CHECKPOINT.h5\n", argv[0]), 2;
    tumble_context *context;
    tumble_options *options;
    tumble_stack *stack;
    tumble_run *run;
    tumble_result *result;
    tumble_array images = {sizeof images}, positions = {sizeof positions}, sigmas = {sizeof sigmas};
    struct user user = {0, -1};
    int32_t left = 1;
    tumble_status status;

    check(tumble_context_create(&context));
    check(tumble_context_set_progress(context, report, &user));
    check(tumble_options_create(&options));
    check(tumble_options_set_float64(options, "pixel-size", atof(argv[2])));
    check(tumble_options_set_text(options, "element", argv[3]));
    check(tumble_options_set_text(options, "checkpoint", argv[4]));
    check(tumble_stack_read(argv[1], &stack));
    check(tumble_stack_images(stack, &images));

    /* The start and one round; then the user loses patience in the middle of the next. */
    check(tumble_run_create(context, &images, options, &run));
    for (int step = 0; step < 2; step++) {
        check(tumble_run_step(context, run, &left));
        show(run);
    }
    user.cancel_at = user.reports + 2;
    status = tumble_run_step(context, run, &left);
    fprintf(stderr, "\n%s\n", status == TUMBLE_OK ? "the step ended before it could be cancelled" : tumble_context_error(context));
    if (status != TUMBLE_OK && status != TUMBLE_E_CANCELLED) return 1;
    tumble_run_destroy(run);

    user.cancel_at = -1;
    check(tumble_options_set_int64(options, "resume", 1));
    check(tumble_run_create(context, &images, options, &run));
    for (left = 1; left;) {
        check(tumble_run_step(context, run, &left));
        show(run);
    }
    check(tumble_run_take_result(run, &result));
    check(tumble_result_array(result, "atom_positions", &positions));
    check(tumble_result_array(result, "atom_sigmas", &sigmas));
    printf("# %lld atoms: x y z sigma_x sigma_y sigma_z (A)\n", (long long)positions.shape[0]);
    for (int64_t a = 0; a < positions.shape[0]; a++) {
        const double *p = (const double *)positions.data + 3 * a, *s = (const double *)sigmas.data + 3 * a;
        printf("%.6f %.6f %.6f %.6f %.6f %.6f\n", p[0], p[1], p[2], s[0], s[1], s[2]);
    }
    tumble_result_destroy(result);
    tumble_run_destroy(run);
    tumble_stack_destroy(stack);
    tumble_options_destroy(options);
    tumble_context_destroy(context);
    return 0;
}
