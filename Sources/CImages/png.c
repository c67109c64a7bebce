// PNG by libpng. Chunks that do not matter here (text, color profiles, ...) are skipped unread.
#include "CImages.h"

#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

struct apus_png {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    size_t count, position;
    uint32_t height, width, channels;
    int32_t status;
    apus_image_error *error;
    jmp_buf jump;
};

static _Noreturn void report(png_structp png, png_const_charp text) {
    struct apus_png *self = png_get_error_ptr(png);
    self->error->status = self->status ? self->status : APUS_IMAGE_MALFORMED;
    self->error->offset = self->position;
    strncpy(self->error->text, text, sizeof self->error->text - 1);
    longjmp(self->jump, 1);
}

static void ignore(png_structp png, png_const_charp text) {
    (void)png;
    (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t count) {
    struct apus_png *self = png_get_io_ptr(png);
    if (count > self->count - self->position) {
        self->position = self->count;
        self->status = APUS_IMAGE_TRUNCATED;
        png_error(png, "the file ends too early");
    }
    memcpy(target, self->bytes + self->position, count);
    self->position += count;
}

static void skip_unneeded_chunks(png_structp png) {
#ifdef PNG_HANDLE_AS_UNKNOWN_SUPPORTED
    static const png_byte names[] = "bKGD\0cHRM\0eXIf\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0pHYs\0sBIT\0sCAL\0sPLT\0"
                                    "sRGB\0tEXt\0tIME\0zTXt";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, names, sizeof names / 5);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
#endif
}

static void read_header(struct apus_png *self, apus_image_header *header) {
    png_structp png = self->png;
    png_read_info(png, self->info);
    const int type = png_get_color_type(png, self->info);
    const int depth = png_get_bit_depth(png, self->info);
    self->height = png_get_image_height(png, self->info);
    self->width = png_get_image_width(png, self->info);
    // Deflated data grows at most 1032-fold.
    const uint64_t line = ((uint64_t)self->width * (uint64_t)depth * png_get_channels(png, self->info) + 7) / 8;
    header->minimum_count = line * self->height / 1032;
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    if (type == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(png);
    if (png_get_valid(png, self->info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
    if (depth == 16) png_set_scale_16(png);
    int channels = type & PNG_COLOR_MASK_COLOR ? 3 : 1;
    if (type & PNG_COLOR_MASK_ALPHA || png_get_valid(png, self->info, PNG_INFO_tRNS)) channels++;
    self->channels = (uint32_t)channels;
    header->height = self->height;
    header->width = self->width;
    header->channels = self->channels;
    header->is_cmyk = false;
}

apus_png *apus_png_open(const uint8_t *bytes, size_t count, apus_image_header *header, apus_image_error *error) {
    memset(error, 0, sizeof *error);
    struct apus_png *self = calloc(1, sizeof *self);
    if (!self) abort();
    self->bytes = bytes;
    self->count = count;
    self->error = error;
    if (setjmp(self->jump)) {
        apus_png_close(self);
        return NULL;
    }
    self->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, self, report, ignore);
    if (self->png) self->info = png_create_info_struct(self->png);
    if (!self->info) abort();
    png_set_read_fn(self->png, self, read_bytes);
    png_set_user_limits(self->png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
    skip_unneeded_chunks(self->png);
    read_header(self, header);
    return self;
}

bool apus_png_read(apus_png *self, uint8_t *pixels, apus_image_error *error) {
    memset(error, 0, sizeof *error);
    self->error = error;
    if (setjmp(self->jump)) return false;
    const int passes = png_set_interlace_handling(self->png);
    png_read_update_info(self->png, self->info);
    const size_t line = (size_t)self->width * self->channels;
    if (png_get_rowbytes(self->png, self->info) != line) png_error(self->png, "a row has an unexpected size");
    for (int pass = 0; pass < passes; pass++) {
        for (uint32_t y = 0; y < self->height; y++) png_read_row(self->png, pixels + y * line, NULL);
    }
    png_read_end(self->png, NULL);
    return true;
}

void apus_png_close(apus_png *self) {
    if (!self) return;
    if (self->png) png_destroy_read_struct(&self->png, &self->info, NULL);
    free(self);
}

// MARK: Writing

bool apus_png_write(const uint8_t *pixels, uint32_t height, uint32_t width, uint32_t channels, const uint8_t *palette,
                    uint32_t palette_count, uint8_t **bytes, size_t *count, apus_image_error *error) {
    static const png_uint_32 formats[] = {PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB, PNG_FORMAT_RGBA};
    memset(error, 0, sizeof *error);
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .height = height,
                       .width = width,
                       .format = palette ? PNG_FORMAT_RGB_COLORMAP : formats[channels - 1],
                       .colormap_entries = palette_count};
    // The most that it can become: zlib's bound on the rows with a filter byte each, and what stands around them.
    const size_t raw = (size_t)height * ((size_t)width * channels + 1);
    png_alloc_size_t size = raw + raw / 8 + raw / 64 + raw / 512 + 2048;
    uint8_t *output = malloc(size);
    if (!output || !png_image_write_to_memory(&image, output, &size, 0, pixels, 0, palette)) {
        error->status = APUS_IMAGE_UNSUPPORTED;
        strncpy(error->text, output ? image.message : "out of memory", sizeof error->text - 1);
        free(output);
        return false;
    }
    *bytes = output;
    *count = size;
    return true;
}
