#include "audio/g711.h"
