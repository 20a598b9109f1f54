"""What gets into the ground and what is done about it: releases, remedies, their cost, plans, comparison."""
