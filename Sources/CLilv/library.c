// lilv by dlopen, and the numbers that plugins know URIs by.
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static pthread_once_t once = PTHREAD_ONCE_INIT;
static clv2_lilv functions;
static bool is_open = false;
static char reason[256];

static void open_library(void) {
  void *library = dlopen("liblilv-0.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    snprintf(reason, sizeof reason, "%s", dlerror());
    return;
  }
#define CLV2_LOOK_UP(name)                                                                                             \
  functions.name = (__typeof__(name) *)dlsym(library, #name);                                                          \
  if (!functions.name) {                                                                                               \
    snprintf(reason, sizeof reason, "liblilv-0.so.0 has no function %s", #name);                                       \
    return;                                                                                                            \
  }
  CLV2_EACH(CLV2_LOOK_UP)
#undef CLV2_LOOK_UP
  is_open = true;
}

const clv2_lilv *clv2_library(char *error, size_t size) {
  pthread_once(&once, open_library);
  if (is_open) return &functions;
  snprintf(error, size, "%s", reason);
  return NULL;
}

char *clv2_copy(const char *text) {
  if (!text) return NULL;
  size_t length = strnlen(text, 255);
  // Not in the middle of a character of UTF-8.
  if (text[length])
    while (length > 0 && ((unsigned char)text[length] & 0xC0) == 0x80) length--;
  return strndup(text, length);
}

static pthread_mutex_t map_lock = PTHREAD_MUTEX_INITIALIZER;
static char **mapped = NULL;
static uint32_t mapped_count = 0, mapped_room = 0;

LV2_URID clv2_map(LV2_URID_Map_Handle handle, const char *uri) {
  (void)handle;
  LV2_URID result = 0;
  pthread_mutex_lock(&map_lock);
  for (uint32_t i = 0; i < mapped_count && !result; i++)
    if (strcmp(mapped[i], uri) == 0) result = i + 1;
  if (!result && mapped_count < 1000000) {
    if (mapped_count == mapped_room) {
      uint32_t room = mapped_room ? mapped_room * 2 : 64;
      char **larger = realloc(mapped, room * sizeof *larger);
      if (larger) {
        mapped = larger;
        mapped_room = room;
      }
    }
    char *copy = mapped_count < mapped_room ? strdup(uri) : NULL;
    if (copy) {
      mapped[mapped_count++] = copy;
      result = mapped_count;
    }
  }
  pthread_mutex_unlock(&map_lock);
  return result;
}

const char *clv2_unmap(LV2_URID_Unmap_Handle handle, LV2_URID urid) {
  (void)handle;
  pthread_mutex_lock(&map_lock);
  const char *uri = urid > 0 && urid <= mapped_count ? mapped[urid - 1] : NULL;
  pthread_mutex_unlock(&map_lock);
  return uri;
}
