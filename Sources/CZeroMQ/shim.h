#include <zmq.h>

/* malloc_trim, mallopt: what ZeroMQ's messages took goes back to the system once they are gone. */
#include <malloc.h>
