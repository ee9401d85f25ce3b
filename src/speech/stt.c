#include "speech/stt.h"
