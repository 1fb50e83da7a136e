"""What a chunk holds, found before anybody is woken: wakes, bars, feature vectors, signals of compiled strategies."""
