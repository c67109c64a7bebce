// JPEG by libjpeg. Damage that the library would paint over is an error here.
#include "CImages.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

enum {
    /// Programs write about ten scans; thousands of them would keep a decoder busy for hours.
    MAXIMUM_SCANS = 100,
};

struct apus_jpeg {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr manager;
    struct jpeg_progress_mgr progress;
    size_t count;
    apus_image_error *error;
    jmp_buf jump;
};

static _Noreturn void fail(struct apus_jpeg *self, int32_t status) {
    self->error->status = status;
    // Near the end the library holds a copy of the state of its input.
    const bool knows = status != APUS_IMAGE_TRUNCATED && self->jpeg.src;
    const size_t rest = knows ? self->jpeg.src->bytes_in_buffer : 0;
    self->error->offset = rest <= self->count ? self->count - rest : self->count;
    longjmp(self->jump, 1);
}

static void format(struct apus_jpeg *self) {
    char text[JMSG_LENGTH_MAX];
    self->manager.format_message((j_common_ptr)&self->jpeg, text);
    strncpy(self->error->text, text, sizeof self->error->text - 1);
}

static _Noreturn void report(j_common_ptr common) {
    struct apus_jpeg *self = common->client_data;
    format(self);
    switch (common->err->msg_code) {
    case JERR_INPUT_EOF: fail(self, APUS_IMAGE_TRUNCATED);
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
    case JERR_CONVERSION_NOTIMPL: fail(self, APUS_IMAGE_UNSUPPORTED);
    default: fail(self, APUS_IMAGE_MALFORMED);
    }
}

/// Warnings that mean lost pixels are errors; those about harmless liberties are not.
static void warn(j_common_ptr common, int level) {
    struct apus_jpeg *self = common->client_data;
    if (level >= 0) return;
    switch (common->err->msg_code) {
    case JWRN_JPEG_EOF: format(self); fail(self, APUS_IMAGE_TRUNCATED);
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_MUST_RESYNC:
#ifdef JWRN_ARITH_BAD_CODE
    case JWRN_ARITH_BAD_CODE:
#endif
        format(self);
        fail(self, APUS_IMAGE_MALFORMED);
    default: break;
    }
}

static void ignore(j_common_ptr common) { (void)common; }

static void count_scans(j_common_ptr common) {
    struct apus_jpeg *self = common->client_data;
    if (self->jpeg.input_scan_number <= MAXIMUM_SCANS) return;
    snprintf(self->error->text, sizeof self->error->text, "the image has more than %d scans", MAXIMUM_SCANS);
    fail(self, APUS_IMAGE_MALFORMED);
}

static void describe(struct apus_jpeg *self, apus_image_header *header) {
    struct jpeg_decompress_struct *jpeg = &self->jpeg;
    jpeg_calc_output_dimensions(jpeg);
    header->height = jpeg->output_height;
    header->width = jpeg->output_width;
    header->channels = (uint32_t)jpeg->out_color_components;
    header->is_cmyk = jpeg->out_color_space == JCS_CMYK;
}

apus_jpeg *apus_jpeg_open(const uint8_t *bytes, size_t count, apus_image_header *header, apus_image_error *error) {
    memset(error, 0, sizeof *error);
    struct apus_jpeg *self = calloc(1, sizeof *self);
    if (!self) abort();
    struct jpeg_decompress_struct *jpeg = &self->jpeg;
    self->count = count;
    self->error = error;
    jpeg->err = jpeg_std_error(&self->manager);
    self->manager.error_exit = report;
    self->manager.emit_message = warn;
    self->manager.output_message = ignore;
    // Set before the structure is created, which keeps both.
    jpeg->client_data = self;
    if (setjmp(self->jump)) {
        apus_jpeg_close(self);
        return NULL;
    }
    jpeg_create_decompress(jpeg);
    self->progress.progress_monitor = count_scans;
    jpeg->progress = &self->progress;
    jpeg_mem_src(jpeg, bytes, count);
    jpeg_read_header(jpeg, TRUE);
    switch (jpeg->jpeg_color_space) {
    case JCS_GRAYSCALE: jpeg->out_color_space = JCS_GRAYSCALE; break;
    case JCS_RGB:
    case JCS_YCbCr: jpeg->out_color_space = JCS_RGB; break;
    case JCS_CMYK:
    case JCS_YCCK: jpeg->out_color_space = JCS_CMYK; break;
    default:
        snprintf(error->text, sizeof error->text, "the image has %d components", jpeg->num_components);
        fail(self, APUS_IMAGE_UNSUPPORTED);
    }
    // A block of 8 x 8 samples takes a bit at least (but for arithmetic coding); where no component has all rows and
    // columns, one has a quarter of them.
    const uint64_t pixels = (uint64_t)jpeg->image_width * jpeg->image_height;
    header->minimum_count = jpeg->arith_code ? 0 : pixels / 2048;
    describe(self, header);
    return self;
}

bool apus_jpeg_scale(apus_jpeg *self, uint32_t denominator, apus_image_header *header, apus_image_error *error) {
    memset(error, 0, sizeof *error);
    self->error = error;
    if (setjmp(self->jump)) return false;
    self->jpeg.scale_num = 1;
    self->jpeg.scale_denom = denominator;
    describe(self, header);
    return true;
}

bool apus_jpeg_read(apus_jpeg *self, uint8_t *pixels, apus_image_error *error) {
    memset(error, 0, sizeof *error);
    self->error = error;
    if (setjmp(self->jump)) return false;
    struct jpeg_decompress_struct *jpeg = &self->jpeg;
    jpeg_start_decompress(jpeg);
    const size_t line = (size_t)jpeg->output_width * (size_t)jpeg->output_components;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW row = pixels + jpeg->output_scanline * line;
        jpeg_read_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_decompress(jpeg);
    return true;
}

void apus_jpeg_close(apus_jpeg *self) {
    if (!self) return;
    jpeg_destroy_decompress(&self->jpeg);
    free(self);
}
