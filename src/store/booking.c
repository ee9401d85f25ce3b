#include "store/booking.h"
