#include "world/url.h"
