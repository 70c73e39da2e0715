// A queue of pieces of bytes between two threads, without locks.
#ifndef CLILV_QUEUE_H
#define CLILV_QUEUE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { clv2_queue_bytes = 1 << 16 };

// Writer: one thread, which alone moves head. Reader: one thread, which alone moves tail. Both only grow.
typedef struct {
  uint32_t head, tail;
  uint8_t bytes[clv2_queue_bytes];
} clv2_queue;

static inline void clv2_queue_copy_in(clv2_queue *queue, uint32_t at, const void *data, uint32_t size) {
  uint32_t place = at % clv2_queue_bytes, first = clv2_queue_bytes - place;
  if (first > size) first = size;
  memcpy(queue->bytes + place, data, first);
  memcpy(queue->bytes, (const uint8_t *)data + first, size - first);
}

static inline void clv2_queue_copy_out(const clv2_queue *queue, uint32_t at, void *data, uint32_t size) {
  uint32_t place = at % clv2_queue_bytes, first = clv2_queue_bytes - place;
  if (first > size) first = size;
  memcpy(data, queue->bytes + place, first);
  memcpy((uint8_t *)data + first, queue->bytes, size - first);
}

// false: no room. Thread: writer.
static inline bool clv2_queue_write(clv2_queue *queue, const void *data, uint32_t size) {
  uint32_t head = queue->head, tail = __atomic_load_n(&queue->tail, __ATOMIC_ACQUIRE);
  if (size > clv2_queue_bytes - 4 || clv2_queue_bytes - (head - tail) < size + 4) return false;
  clv2_queue_copy_in(queue, head, &size, 4);
  clv2_queue_copy_in(queue, head + 4, data, size);
  __atomic_store_n(&queue->head, head + 4 + size, __ATOMIC_RELEASE);
  return true;
}

// The next piece, in as many bytes as a queue has; false: there is none. Thread: reader.
static inline bool clv2_queue_read(clv2_queue *queue, void *data, uint32_t *size) {
  uint32_t tail = queue->tail;
  if (__atomic_load_n(&queue->head, __ATOMIC_ACQUIRE) == tail) return false;
  clv2_queue_copy_out(queue, tail, size, 4);
  clv2_queue_copy_out(queue, tail + 4, data, *size);
  __atomic_store_n(&queue->tail, tail + 4 + *size, __ATOMIC_RELEASE);
  return true;
}

#endif
