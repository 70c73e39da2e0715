// alsa-lib, and an error handler, which takes its arguments as only C can.
#ifndef CALSA_SHIM_H
#define CALSA_SHIM_H

#include <alsa/asoundlib.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SYRINX_ALSA_WORDS 512

// The last words of alsa-lib on this thread: the innermost reason comes first, later ones are appended. They belong to
// the object file that includes this: call what follows from one file.
static inline char *syrinx_alsa_last_words(void) {
  static __thread char words[SYRINX_ALSA_WORDS];
  return words;
}

static inline void syrinx_alsa_keep(const char *file, int line, const char *function, int code, const char *format,
                                    ...) {
  char *words = syrinx_alsa_last_words();
  size_t used = strlen(words);
  if (used + 3 >= SYRINX_ALSA_WORDS) return;
  if (used > 0) {
    memcpy(words + used, "; ", 3);
    used += 2;
  }
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(words + used, SYRINX_ALSA_WORDS - used, format, arguments);
  va_end(arguments);
  (void)file, (void)line, (void)function, (void)code;
}

// Keeps what alsa-lib would print on standard error.
static inline void syrinx_alsa_keep_words(void) { snd_lib_error_set_handler(syrinx_alsa_keep); }
static inline void syrinx_alsa_forget_words(void) { syrinx_alsa_last_words()[0] = 0; }

// The configuration that `snd_config_update` has read.
static inline snd_config_t *syrinx_alsa_configuration(void) { return snd_config; }

#endif
