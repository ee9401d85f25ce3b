#include "line/line.h"
